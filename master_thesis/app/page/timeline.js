// The strip above the slider: confidence, doubtful frames, key frames, and how far the video is read.

function resolved(name) { // custom properties may hold light-dark(), which canvases do not understand
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

export class Timeline {
  constructor(canvas, slider, onFrame) {
    [this.canvas, this.slider] = [canvas, slider];
    this.data = { total: 1, count: 0, keys: [], doubtful: [], confidence: [] };
    slider.addEventListener("input", () => onFrame(Number(slider.value)));
    const seek = (event) => onFrame(this.frameAt(event.clientX));
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); seek(event); });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons & 1) seek(event); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  // The middle of a frame, in the place where the thumb of the slider stands.
  position(frame, width = this.canvas.getBoundingClientRect().width) {
    const last = Math.max(this.data.total - 1, 1), thumb = 16;
    return thumb / 2 + frame / last * (width - thumb);
  }

  frameAt(x) {
    const { left, width } = this.canvas.getBoundingClientRect(), last = Math.max(this.data.total - 1, 0), thumb = 16;
    const share = (x - left - thumb / 2) / (width - thumb);
    const frame = Math.round(Math.min(Math.max(share, 0), 1) * last);
    const near = this.data.keys.filter((key) => Math.abs(this.position(key) - (x - left)) < 6);
    return near.length ? near[0] : frame;
  }

  update(data) {
    this.data = data;
    this.slider.max = Math.max(data.total - 1, 0);
    this.draw();
  }

  draw() {
    const { canvas, data } = this, { width, height } = canvas.getBoundingClientRect(), dense = devicePixelRatio;
    [canvas.width, canvas.height] = [Math.round(width * dense), Math.round(height * dense)];
    const context = canvas.getContext("2d");
    context.scale(dense, dense);
    const step = Math.max((width - 16) / Math.max(data.total - 1, 1), 1), doubtful = new Set(data.doubtful);
    data.confidence.forEach((value, frame) => { // height says how far to trust a mask
      const middle = this.position(frame, width), left = Math.round(middle - step / 2), right = Math.round(middle + step / 2);
      if (doubtful.has(frame)) {
        context.fillStyle = resolvedOnce("--doubt");
        context.globalAlpha = 0.3;
        context.fillRect(left, 0, right - left, height);
        context.globalAlpha = 1;
        context.fillRect(left, 0, right - left, 4);
      }
      context.fillStyle = resolvedOnce(doubtful.has(frame) ? "--doubt" : "--good");
      context.globalAlpha = 0.55;
      context.fillRect(left, height - value * (height - 6), right - left, value * (height - 6));
      context.globalAlpha = 1;
    });
    if (data.count < data.total) {
      context.fillStyle = resolvedOnce("--line");
      const from = this.position(data.count);
      context.fillRect(from, 0, width - from, height);
    }
    for (const key of data.keys) this.diamond(context, this.position(key), height / 2);
    context.fillStyle = resolvedOnce("--text");
    context.fillRect(this.position(Number(this.slider.value)) - 1, 0, 2, height);
    seen.clear();
  }

  diamond(context, x, y) {
    context.beginPath();
    for (const [dx, dy] of [[0, -8], [7, 0], [0, 8], [-7, 0]]) context.lineTo(x + dx, y + dy);
    context.closePath();
    context.fillStyle = resolvedOnce("--key");
    context.strokeStyle = resolvedOnce("--panel");
    context.lineWidth = 2;
    context.stroke();
    context.fill();
  }
}

const seen = new Map();

function resolvedOnce(name) {
  if (!seen.has(name)) seen.set(name, resolved(name));
  return seen.get(name);
}
