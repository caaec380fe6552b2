// What keys do. Fields for text and numbers keep theirs.

export function listenToKeys(app) {
  const { session, stage, edits, tools } = app;
  const keys = {
    ArrowLeft: (isShift) => app.go(stage.frame - (isShift ? 10 : 1)),
    ArrowRight: (isShift) => app.go(stage.frame + (isShift ? 10 : 1)),
    Home: () => app.go(0),
    End: () => app.go(session.state.frames.count - 1),
    p: () => stage.play(),
    b: () => app.setTool("brush"),
    e: () => app.setTool("eraser"),
    x: () => app.setTool("box"),
    h: () => app.setTool("hand"),
    "[": () => app.resize(1 / 1.2),
    "]": () => app.resize(1.2),
    "+": () => app.zoom(1.4),
    "=": () => app.zoom(1.4),
    "-": () => app.zoom(1 / 1.4),
    0: () => app.zoom(0),
    c: () => edits.copyFromBefore(),
    o: () => edits.outline(),
    g: () => edits.gone(),
    Delete: () => edits.forget(stage.frame),
    d: () => app.goNext(session.doubtful),
    k: () => app.goNext(session.keys),
    m: () => app.toggleMask(),
  };

  document.addEventListener("keydown", (event) => {
    const { target } = event;
    const isField = target.matches("input:not([type=range], [type=checkbox]), select, textarea");
    if (isField || document.querySelector("dialog[open]") || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      const name = event.key.toLowerCase();
      if (name !== "z" && name !== "y") return;
      event.preventDefault();
      edits.undo(name === "y" || event.shiftKey);
    } else if (event.code === "Space") {
      if (target.matches("button, summary, input, a")) return;
      event.preventDefault();
      tools.isSpace = true;
    } else {
      const act = keys[event.key] ?? keys[event.key.toLowerCase()];
      if (!act) return;
      event.preventDefault();
      act(event.shiftKey);
    }
  });
  document.addEventListener("keyup", (event) => { if (event.code === "Space") tools.isSpace = false; });
}
