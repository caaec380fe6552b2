// The mask of the current frame: opaque pixels belong to the object. Strokes, and their undoing.

export const TINT = "#40e060";
const MAX_BYTES = 192 * 2 ** 20; // of the parts of masks that are kept for undoing

export class MaskLayer {
  constructor([width, height]) {
    this.canvas = Object.assign(document.createElement("canvas"), { width, height });
    this.before = Object.assign(document.createElement("canvas"), { width, height });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.past = [];
    this.future = [];
  }

  // Shows another mask, which is not a change that can be undone.
  show(picture) {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (picture) this.paste(picture);
  }

  paste(picture) {
    this.context.globalCompositeOperation = "source-over";
    this.context.drawImage(picture, 0, 0);
    this.context.globalCompositeOperation = "source-in";
    this.context.fillStyle = TINT;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.globalCompositeOperation = "source-over";
  }

  begin() {
    const { width, height } = this.canvas, context = this.before.getContext("2d", { willReadFrequently: true });
    context.clearRect(0, 0, width, height);
    context.drawImage(this.canvas, 0, 0);
    this.dirty = [width, height, 0, 0];
  }

  stroke(from, to, size, isErasing) {
    const { context } = this;
    context.globalCompositeOperation = isErasing ? "destination-out" : "source-over";
    context.strokeStyle = TINT;
    context.lineCap = "round";
    context.lineWidth = size;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]); // a line of no length would not be drawn
    context.stroke();
    context.globalCompositeOperation = "source-over";
    const reach = size / 2 + 2;
    this.touch(Math.min(from[0], to[0]) - reach, Math.min(from[1], to[1]) - reach,
      Math.max(from[0], to[0]) + reach, Math.max(from[1], to[1]) + reach);
  }

  touch(left, top, right, bottom) {
    const [l, t, r, b] = this.dirty, { width, height } = this.canvas;
    this.dirty = [Math.max(Math.min(l, Math.floor(left)), 0), Math.max(Math.min(t, Math.floor(top)), 0),
      Math.min(Math.max(r, Math.ceil(right)), width), Math.min(Math.max(b, Math.ceil(bottom)), height)];
  }

  // Ends a change; returns whether there was one. frame and wasKey say what undoing leads back to.
  end(frame, wasKey) {
    const [left, top, right, bottom] = this.dirty, [w, h] = [right - left, bottom - top];
    if (w <= 0 || h <= 0) return false;
    const before = this.before.getContext("2d").getImageData(left, top, w, h);
    const after = this.context.getImageData(left, top, w, h);
    this.past.push({ frame, wasKey, left, top, before, after });
    this.future = [];
    let bytes = 0;
    for (const change of this.past) bytes += 2 * change.before.data.length;
    while (bytes > MAX_BYTES && this.past.length > 1) bytes -= 2 * this.past.shift().before.data.length;
    return true;
  }

  // Replaces or adds to the mask in one change.
  change(frame, wasKey, work) {
    this.begin();
    work(this.context, this.canvas);
    this.touch(0, 0, this.canvas.width, this.canvas.height);
    return this.end(frame, wasKey);
  }

  peek(isRedo) {
    return (isRedo ? this.future : this.past).at(-1);
  }

  // Undoes or repeats the last change, which must be one of the frame that is shown.
  step(isRedo) {
    const [from, to] = isRedo ? [this.future, this.past] : [this.past, this.future];
    const change = from.pop();
    this.context.putImageData(isRedo ? change.after : change.before, change.left, change.top);
    to.push(change);
    return change;
  }

  forget() {
    this.past = [];
    this.future = [];
  }

  blob() {
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }
}
