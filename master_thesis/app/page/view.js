// What part of the picture is shown, the same on every canvas: zoom and position.

export class View {
  // canvases: Map of kind to canvas; size: width and height of the video; shown: the same with square pixels.
  constructor(canvases, size, shown) {
    [this.canvases, this.size, this.shown] = [canvases, size, shown];
    this.aspect = [shown[0] / size[0], shown[1] / size[1]];
    this.zoom = 1; // relative to the size at which everything is shown
    this.middle = [0.5, 0.5]; // position of the video in the middle of the canvas, in shares of its size
  }

  box() {
    return this.canvases.get("input").getBoundingClientRect();
  }

  scale() {
    const { width, height } = this.box(), margin = 24;
    const fit = Math.min((width - margin) / this.shown[0], (height - margin) / this.shown[1]);
    return Math.max(fit, 0.01) * this.zoom;
  }

  origin() {
    const { width, height } = this.box(), scale = this.scale();
    return [width / 2 - this.middle[0] * this.shown[0] * scale, height / 2 - this.middle[1] * this.shown[1] * scale];
  }

  // Pixel of the video below a point of the window.
  toPixels(canvas, x, y) {
    const { left, top } = canvas.getBoundingClientRect(), scale = this.scale(), [x0, y0] = this.origin();
    return [(x - left - x0) / (scale * this.aspect[0]), (y - top - y0) / (scale * this.aspect[1])];
  }

  zoomAt(factor, canvas, x, y) {
    const before = this.toPixels(canvas, x, y);
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), 40);
    const after = this.toPixels(canvas, x, y);
    this.moveBy(before[0] - after[0], before[1] - after[1]);
  }

  zoomBy(factor) {
    const canvas = this.canvases.get("input"), { left, top, width, height } = canvas.getBoundingClientRect();
    this.zoomAt(factor, canvas, left + width / 2, top + height / 2);
  }

  moveBy(x, y) { // in pixels of the video
    const limited = (value) => Math.min(Math.max(value, 0), 1);
    this.middle = [limited(this.middle[0] + x / this.size[0]), limited(this.middle[1] + y / this.size[1])];
    if (this.zoom === 1) this.middle = [0.5, 0.5];
  }

  fit() {
    this.zoom = 1;
    this.middle = [0.5, 0.5];
  }

  // Prepares a canvas for drawing in pixels of the video.
  begin(kind) {
    const canvas = this.canvases.get(kind), { width, height } = canvas.getBoundingClientRect(), dense = devicePixelRatio;
    const [w, h] = [Math.round(width * dense), Math.round(height * dense)];
    if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    const context = canvas.getContext("2d"), scale = this.scale() * dense, [x0, y0] = this.origin();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, w, h);
    context.setTransform(scale * this.aspect[0], 0, 0, scale * this.aspect[1], x0 * dense, y0 * dense);
    context.imageSmoothingEnabled = scale < 3;
    return context;
  }
}
