// Pictures of frames, asked for one by one; the last few are kept.

const KEPT = 40;

export class Frames {
  constructor(base) {
    this.base = base;
    this.kept = new Map();
  }

  // A picture by kind (input, result, origin), number and version; asked for once.
  get(kind, frame, version = 0) {
    const key = `${kind}/${frame}?v=${version}`;
    const found = this.kept.get(key) ?? this.load(`${this.base}/pictures/${key}`);
    this.kept.delete(key);
    this.kept.set(key, found);
    while (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    found.catch(() => this.kept.delete(key));
    return found;
  }

  async load(path) {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || "the frame is not there");
    return createImageBitmap(await answer.blob());
  }

  // The mask, or what a removal takes with so many pixels of widening.
  async mask(frame, version, widening = null) {
    const widened = widening === null ? "" : `widen=${widening}&`;
    const answer = await fetch(`${this.base}/masks/${frame}?${widened}v=${version}`);
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || "the mask is not there");
    return createImageBitmap(await answer.blob(), { premultiplyAlpha: "premultiply" });
  }
}
