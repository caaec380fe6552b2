import { Choices } from "./choices.js";
import { Edits } from "./edits.js";
import { Frames } from "./frames.js";
import { MaskLayer } from "./mask.js";
import { careful, say } from "./messages.js";
import { showAll } from "./panel.js";
import { Session } from "./session.js";
import { listenToKeys } from "./shortcuts.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";
import { MAX_SIZE, Tools } from "./tools.js";
import { View } from "./view.js";

const at = (id) => document.getElementById(id);
const PLACES = { region: "Draw a box around the place where text is shown.", logo: "Draw a box around the logo." };
const CURSORS = { hand: "grab", box: "crosshair", region: "crosshair", logo: "crosshair", brush: "none", eraser: "none" };

class Editor {
  constructor(session, canvases) {
    const { size, shown_size: shown } = session.state;
    this.session = session;
    this.view = new View(canvases, size, shown);
    this.mask = new MaskLayer(size);
    this.stage = new Stage(session, new Frames(session.base), this.view, this.mask, () => this.update());
    this.edits = new Edits(session, this.stage, this.mask, () => this.update());
    this.tools = this.stage.tools = new Tools(this.view, this.mask, this.stage, this.edits);
    this.tools.size = Math.max(Math.round(size[0] / 28), 3);
    at("size").value = this.tools.size;
    this.choices = new Choices(session, (name) => this.drawPlace(name));
    this.tools.onPlace = (name, box) => this.placed(name, box);
    this.timeline = new Timeline(at("strip"), at("slider"), (frame) => this.go(frame));
  }

  go(frame) {
    if (this.tools.action) return;
    this.stage.stop();
    this.stage.show(frame);
  }

  goNext(list) {
    if (list.length) this.go(list.find((frame) => frame > this.stage.frame) ?? list[0]);
  }

  setTool(name) {
    this.tools.tool = name;
    for (const canvas of this.view.canvases.values()) canvas.style.cursor = CURSORS[name];
    this.update();
    this.stage.redraw();
  }

  // The next box says where text or a logo is; then the tool from before is back.
  async drawPlace(name) {
    const { tool } = this.tools;
    if (tool === name) return this.setTool(this.toolBefore);
    if (this.stage.mode !== "draw") await this.stage.setMode("draw");
    if (!PLACES[tool]) this.toolBefore = tool;
    say(PLACES[name]);
    return this.setTool(name);
  }

  async placed(name, box) {
    this.setTool(this.toolBefore);
    await this.choices.keepPlace(name, box);
    this.stage.redraw();
  }

  resize(factor) {
    this.tools.resize(factor);
    at("size").value = this.tools.size;
    this.stage.redraw();
  }

  zoom(factor) { // 0: show everything
    if (factor) this.view.zoomBy(factor);
    else this.view.fit();
    this.stage.redraw();
  }

  toggleMask() {
    this.stage.isMaskVisible = !this.stage.isMaskVisible;
    at("mask-visible").setAttribute("aria-pressed", this.stage.isMaskVisible);
    this.stage.redraw();
  }

  update() {
    const { session, stage } = this, { state } = session;
    this.choices.show();
    for (const name of Object.keys(PLACES)) at(`${name}-draw`).setAttribute("aria-pressed", this.tools.tool === name);
    showAll(session, stage.frame, { go: (frame) => this.go(frame), forget: (frame) => this.edits.forget(frame) });
    at("undo").disabled = session.isLocked || !this.mask.peek(false);
    at("redo").disabled = session.isLocked || !this.mask.peek(true);
    for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", button.dataset.tool === this.tools.tool);
    this.timeline.update({ total: Math.max(state.frames.total, state.frames.count), count: state.frames.count, keys: session.keys,
      doubtful: session.doubtful, confidence: state.masks ? session.confidence : [] });
  }

  // The server knows something new.
  async changed(before) {
    const { state } = this.session;
    if (before.masks?.version !== state.masks?.version) await this.stage.reload();
    else if (this.stage.isWaiting && !this.stage.isPlaying) await this.stage.show(this.stage.frame);
    if (before.job?.is_active && !state.job?.is_active) this.ended(state.job);
    if (state.frames.error) say(state.frames.error, true);
    this.update();
  }

  ended(job) {
    const { state, doubtful: { length } } = this.session;
    if (job.state === "failed") say(job.message, true);
    else if (job.state === "cancelled") say(job.message);
    else if (job.kind === "remove") this.stage.setMode("compare");
    else if (!state.keys.length) say(state.masks.notes.join(" "));
    else say(length ? `Carried. ${length} ${length === 1 ? "frame is" : "frames are"} doubtful: look at them.` : "Carried; no frame is doubtful.");
  }

  start(action, values) {
    return careful(() => this.session.act(action, values));
  }

  remove() {
    const widening = Number(at("widening").value);
    return this.start("remove", { algorithm: at("algorithm").value, size: at("working-size").value, widening });
  }

  folder(event) {
    event.preventDefault();
    const action = event.submitter?.value ?? "load";
    return careful(async () => {
      const { folder } = await this.session.act(action, { path: at("folder").value });
      say(action === "save" ? `Saved in ${folder}.` : "Loaded.");
      if (action === "save") return;
      this.mask.forget();
      this.session.edits += 1;
      await this.stage.reload();
    });
  }

  listen() {
    const { edits, stage } = this;
    const clicks = {
      undo: () => edits.undo(false), redo: () => edits.undo(true), outline: () => edits.outline(), copy: () => edits.copyFromBefore(),
      gone: () => edits.gone(), unkey: () => edits.forget(stage.frame), "zoom-in": () => this.zoom(1.4), "zoom-out": () => this.zoom(1 / 1.4),
      "zoom-fit": () => this.zoom(0), "mask-visible": () => this.toggleMask(), carry: () => this.start("carry"), remove: () => this.remove(),
      cancel: () => this.start("cancel"), "step-back": () => this.go(stage.frame - 1), "step-on": () => this.go(stage.frame + 1),
      play: () => stage.play(), "help-open": () => at("help").showModal(), "view-draw": () => stage.setMode("draw"),
      "view-compare": () => stage.setMode("compare"),
    };
    for (const [id, act] of Object.entries(clicks)) at(id).addEventListener("click", act);
    for (const button of document.querySelectorAll("[data-tool]")) button.addEventListener("click", () => this.setTool(button.dataset.tool));
    at("size").addEventListener("change", () => { this.tools.size = Math.min(Math.max(Number(at("size").value) || 1, 1), MAX_SIZE); });
    at("number").addEventListener("change", () => this.go(Number(at("number").value) || 0));
    at("folder-form").addEventListener("submit", (event) => this.folder(event));
    at("show-origin").addEventListener("change", () => stage.setMode("compare"));
    for (const id of ["widening", "preview"]) at(id).addEventListener("input", () => stage.preview());
    new ResizeObserver(() => { stage.arrange(); this.timeline.draw(); }).observe(at("stage"));
    listenToKeys(this);
  }
}

async function begin() {
  history.replaceState(null, "", location.pathname);
  const canvases = new Map([...document.querySelectorAll("figure[data-kind]")].map((f) => [f.dataset.kind, f.querySelector("canvas")]));
  let editor = null;
  const session = new Session(`/api/sessions/${location.pathname.split("/").at(-1)}`, (before) => editor?.changed(before));
  await session.refresh();
  while (!session.state.frames.count && !session.state.frames.error) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await session.refresh();
  }
  editor = new Editor(session, canvases);
  at("widening").value = session.state.result?.choice.widening ?? session.state.widening;
  await editor.choices.ask();
  editor.listen();
  editor.setTool("brush");
  await editor.stage.show(0);
  session.poll();
}

begin().catch((error) => say(error.message, true));
