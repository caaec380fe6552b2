// Pointer and wheel on the canvases: strokes, boxes, moving and zooming.

export const MAX_SIZE = 600; // of brush and eraser, in pixels of the video

export class Tools {
  constructor(view, mask, stage, edits) {
    Object.assign(this, { view, mask, stage, edits });
    this.tool = "brush";
    this.size = 24;
    this.isSpace = false;
    this.pointer = null; // place of the brush, in pixels of the video
    this.box = null;
    for (const canvas of view.canvases.values()) this.listen(canvas);
  }

  listen(canvas) {
    canvas.addEventListener("pointerdown", (event) => this.down(canvas, event));
    canvas.addEventListener("pointermove", (event) => this.move(canvas, event));
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => this.up(event));
    canvas.addEventListener("pointerleave", () => { if (!this.action) { this.pointer = null; this.stage.redraw(); } });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.view.zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), canvas, event.clientX, event.clientY);
      this.stage.redraw();
    }, { passive: false });
  }

  canDraw(canvas) {
    return this.stage.mode === "draw" && canvas === this.view.canvases.get("input");
  }

  down(canvas, event) {
    if (this.action) return;
    canvas.setPointerCapture(event.pointerId);
    const place = this.view.toPixels(canvas, event.clientX, event.clientY);
    const isMoving = event.button !== 0 || this.isSpace || this.tool === "hand" || !this.canDraw(canvas);
    if (isMoving) this.action = { kind: "move", x: event.clientX, y: event.clientY };
    else if (!this.edits.canEdit) return;
    else if (["box", "region", "logo"].includes(this.tool)) this.action = { kind: "box", from: place };
    else {
      this.action = { kind: "stroke", last: place, isErasing: this.tool === "eraser" };
      this.mask.begin();
      this.mask.stroke(place, place, this.size, this.action.isErasing);
    }
    this.stage.redraw();
  }

  move(canvas, event) {
    this.pointer = this.canDraw(canvas) ? this.view.toPixels(canvas, event.clientX, event.clientY) : null;
    const { action } = this;
    if (action?.kind === "move") {
      const scale = this.view.scale();
      this.view.moveBy((action.x - event.clientX) / (scale * this.view.aspect[0]),
        (action.y - event.clientY) / (scale * this.view.aspect[1]));
      [action.x, action.y] = [event.clientX, event.clientY];
    } else if (action?.kind === "box") {
      this.box = [action.from, this.pointer];
    } else if (action?.kind === "stroke") {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const { clientX, clientY } of events.length ? events : [event]) {
        const place = this.view.toPixels(canvas, clientX, clientY);
        this.mask.stroke(action.last, place, this.size, action.isErasing);
        action.last = place;
      }
    }
    this.stage.redraw();
  }

  up(event) {
    const { action, box } = this;
    this.action = this.box = null;
    if (action?.kind === "stroke") this.edits.stroked();
    if (action?.kind === "box" && box && event.type === "pointerup") {
      if (this.tool === "box") this.edits.boxed(this.corners(box));
      else this.onPlace(this.tool, this.corners(box));
    }
    this.stage.redraw();
  }

  // Left, top, right and bottom in whole pixels.
  corners([[x1, y1], [x2, y2]]) {
    return [Math.floor(Math.min(x1, x2)), Math.floor(Math.min(y1, y2)), Math.ceil(Math.max(x1, x2)), Math.ceil(Math.max(y1, y2))];
  }

  resize(factor) {
    const next = Math.round(this.size * factor);
    this.size = Math.min(Math.max(next === this.size ? next + Math.sign(factor - 1) : next, 1), MAX_SIZE);
  }

  // Shows the box that is being drawn, or the size of the brush.
  draw(context) {
    const scale = this.view.scale();
    const line = (width, colour) => { context.lineWidth = width / scale; context.strokeStyle = colour; context.stroke(); };
    context.beginPath();
    if (this.box) {
      const [left, top, right, bottom] = this.corners(this.box);
      context.rect(left, top, right - left, bottom - top);
    } else if (this.pointer && ["brush", "eraser"].includes(this.tool)) {
      context.arc(...this.pointer, this.size / 2, 0, 2 * Math.PI);
    } else return;
    line(3, "rgb(0 0 0 / .6)");
    line(1.3, "#fff");
  }
}
