// The pictures in the middle: one frame with its mask, or the same frame of input, result and origins.

import { careful, say } from "./messages.js";

const at = (id) => document.getElementById(id);
const WIDENED = "#ff3d9a";

export class Stage {
  constructor(session, frames, view, mask, onShow) {
    Object.assign(this, { session, frames, view, mask, onShow });
    this.frame = 0;
    this.mode = "draw";
    this.pictures = {};
    this.maskFrame = null; // the frame whose mask is in the layer
    this.widened = null;
    this.isMaskVisible = true;
    this.isPlaying = false;
    this.asked = 0; // number of the last request for a frame
  }

  get kinds() {
    if (this.mode === "draw") return ["input"];
    return ["input", "result", ...(at("show-origin").checked && this.session.state.result?.frames.origin ? ["origin"] : [])];
  }

  get isReady() { // to be drawn on
    return this.mode === "draw" && !this.isPlaying && this.maskFrame === this.frame;
  }

  setMode(mode) {
    this.mode = mode === "compare" && this.session.state.result ? "compare" : "draw";
    at("view-draw").setAttribute("aria-pressed", this.mode === "draw");
    at("view-compare").setAttribute("aria-pressed", this.mode === "compare");
    document.body.classList.toggle("comparing", this.mode === "compare");
    at("origin-choice").hidden = this.mode !== "compare";
    for (const figure of document.querySelectorAll("figure[data-kind]")) figure.hidden = !this.kinds.includes(figure.dataset.kind);
    this.arrange();
    return this.show(this.frame);
  }

  // Puts pictures beside or below each other, whichever leaves them larger.
  arrange() {
    const { length } = this.kinds, { width, height } = at("stage").getBoundingClientRect(), [w, h] = this.view.shown;
    const scale = (columns) => Math.min(width / columns / w, height / Math.ceil(length / columns) / h);
    const best = this.kinds.map((_, i) => i + 1).reduce((a, b) => (scale(b) > scale(a) * 1.01 ? b : a));
    at("stage").style.gridTemplateColumns = `repeat(${best}, minmax(0, 1fr))`;
    this.redraw();
  }

  // null: the frame of a result is not read yet.
  async picture(kind, frame) {
    if (kind === "input") return this.frames.get(kind, frame);
    const { version, frames } = this.session.state.result;
    return frame < frames[kind].count ? this.frames.get(kind, frame, version) : null;
  }

  get isWaiting() { // for pictures that the server is still reading
    return this.kinds.some((kind) => !this.pictures[kind]);
  }

  show(number) {
    this.showing = this.load(number);
    return this.showing;
  }

  // Shows a frame, unless another one is asked for before it is there.
  async load(number) {
    const { session, frames } = this, { count } = session.state.frames, mine = ++this.asked;
    at("stage").ariaBusy = "true";
    const frame = this.frame = Math.min(Math.max(number, 0), Math.max(count - 1, 0));
    at("slider").value = frame;
    at("slider").setAttribute("aria-valuetext", `frame ${frame}`);
    if (document.activeElement !== at("number")) at("number").value = frame;
    const { kinds } = this, needsMask = this.mode === "draw" && this.maskFrame !== frame;
    const needed = kinds.map((kind) => this.picture(kind, frame));
    if (needsMask) needed.push(session.saving.then(() => frames.mask(frame, session.version)));
    try {
      const found = await Promise.all(needed);
      if (mine !== this.asked) return;
      this.pictures = Object.fromEntries(kinds.map((kind, i) => [kind, found[i]]));
      if (needsMask) {
        this.mask.show(found.at(-1));
        [this.maskFrame, this.widened] = [frame, null];
      }
      this.view.canvases.get("input").setAttribute("aria-label", `Frame ${frame}${this.mode === "draw" ? " with its mask" : ""}`);
      this.onShow();
      this.redraw();
      this.preview();
      const near = [1, 2, 3, -1].map((step) => frame + step).filter((n) => n >= 0 && n < count);
      for (const n of near) for (const kind of kinds) this.picture(kind, n).catch(() => undefined);
    } catch (error) {
      if (mine === this.asked && count) say(error.message, true);
    } finally {
      if (mine === this.asked) at("stage").ariaBusy = "false";
    }
  }

  reload() {
    this.maskFrame = null;
    return this.show(this.frame);
  }

  async play() {
    if (this.isPlaying) return this.stop();
    this.setPlaying(true);
    const { rate, frames: { count } } = this.session.state, last = count - 1;
    const first = this.frame >= last ? 0 : this.frame, start = performance.now();
    for (let due = first; this.isPlaying && due <= last;) {
      if (due !== this.frame || due === first) await this.show(due);
      await new Promise(requestAnimationFrame);
      due = first + Math.floor((performance.now() - start) / 1000 * rate);
    }
    if (this.isPlaying) await this.show(last);
    return this.stop();
  }

  stop() {
    this.setPlaying(false);
  }

  setPlaying(isPlaying) {
    this.isPlaying = isPlaying;
    at("play").classList.toggle("playing", isPlaying);
    at("play").setAttribute("aria-label", isPlaying ? "Pause" : "Play");
  }

  redraw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      for (const kind of this.kinds) this.paint(kind);
    });
  }

  paint(kind) {
    const context = this.view.begin(kind), { size } = this.session.state;
    if (this.pictures[kind]) context.drawImage(this.pictures[kind], 0, 0, ...size);
    if (this.mode !== "draw") return;
    if (this.isMaskVisible && this.maskFrame === this.frame) {
      context.globalAlpha = 0.5;
      if (this.widened) context.drawImage(this.widened, 0, 0);
      context.drawImage(this.mask.canvas, 0, 0);
      context.globalAlpha = 1;
    }
    this.markRegion(context);
    this.tools.draw(context);
  }

  // Dashes around where text is looked for.
  markRegion(context) {
    const { text, region } = this.session.state.choice;
    if (!text || !region) return;
    const scale = this.view.scale();
    for (const [colour, offset] of [["rgb(0 0 0 / .7)", 0], ["#fff", 6]]) {
      context.setLineDash([6 / scale, 6 / scale]);
      context.lineDashOffset = offset / scale;
      context.lineWidth = 1.5 / scale;
      context.strokeStyle = colour;
      context.strokeRect(...region);
    }
    context.setLineDash([]);
  }

  // Shows what a removal will take: the widened mask, in another colour around the mask.
  async preview() {
    const { frame } = this;
    if (this.mode !== "draw" || !at("preview").checked) {
      this.widened = null;
      return this.redraw();
    }
    await careful(async () => {
      await this.session.saving;
      const picture = await this.frames.mask(frame, this.session.version, Number(at("widening").value));
      const canvas = new OffscreenCanvas(picture.width, picture.height), context = canvas.getContext("2d");
      context.drawImage(picture, 0, 0);
      context.globalCompositeOperation = "source-in";
      context.fillStyle = WIDENED;
      context.fillRect(0, 0, canvas.width, canvas.height);
      if (frame === this.frame) this.widened = canvas;
    });
    return this.redraw();
  }
}
