// What the server knows about the session, asked for again and again.

import { post, read, request } from "./api.js";
import { careful, say } from "./messages.js";

const BUSY_MS = 350, IDLE_MS = 2500;

export class Session {
  // onChange(before): called with the state before; onLost and others speak through messages.
  constructor(base, onChange) {
    [this.base, this.onChange] = [base, onChange];
    this.state = null;
    this.confidence = [];
    this.edits = 0; // drawn masks that were handed over: changes the address of masks
    this.saving = Promise.resolve();
    [this.asked, this.newest] = [0, 0]; // numbers of questions: the last one, and that of the newest answer
  }

  get isLocked() {
    return Boolean(this.state.job?.is_active);
  }

  get keys() {
    return this.state.keys.map((key) => key.frame);
  }

  get doubtful() {
    return (this.state.masks?.doubtful ?? []).filter((frame) => !this.isKey(frame)); // drawn ones are corrected
  }

  get version() {
    return `${this.state.masks?.version ?? 0}.${this.edits}`;
  }

  isKey(frame) {
    return this.keys.includes(frame);
  }

  async refresh() {
    const number = ++this.asked, state = await read(this.base);
    const isNew = state.masks && state.masks.version !== this.state?.masks?.version;
    const confidence = isNew ? await read(`${this.base}/confidence`) : this.confidence;
    if (number < this.newest) return; // overtaken by an answer to a later question
    const before = this.state;
    [this.newest, this.state, this.confidence] = [number, state, confidence];
    await this.onChange(before);
  }

  async poll() {
    try {
      await this.refresh();
      if (this.isLost) say("");
      this.isLost = false;
    } catch (error) {
      this.isLost = true;
      say(error.message, true);
    }
    const reading = [this.state.frames, ...Object.values(this.state.result?.frames ?? {})].some((f) => !f.is_complete && !f.error);
    setTimeout(() => this.poll(), this.isLocked || reading ? BUSY_MS : IDLE_MS);
  }

  // Hands over the mask of a frame (null: the frame is no key frame any more), after those before it.
  keep(frame, drawing) {
    this.edits += 1;
    this.newest = ++this.asked; // answers that are under way do not know this mask
    const others = this.state.keys.filter((key) => key.frame !== frame), added = drawing ? [{ frame, is_gone: false }] : [];
    this.state.keys = [...others, ...added].sort((a, b) => a.frame - b.frame);
    this.state.is_carried = false;
    this.saving = this.saving.then(async () => {
      const path = `${this.base}/keys/${frame}`;
      await careful(async () => (drawing ? request("PUT", path, await drawing, "image/png") : request("DELETE", path)));
      await careful(() => this.refresh());
    });
    return this.saving;
  }

  // Hands over what is masked besides what is drawn, after the masks before it.
  choose(values) {
    this.newest = ++this.asked;
    const done = this.saving.then(() => post(`${this.base}/choose`, values)).finally(() => this.refresh());
    this.saving = done.catch(() => undefined);
    return done;
  }

  async act(action, values) {
    await this.saving;
    const answer = await post(`${this.base}/${action}`, values);
    await this.refresh();
    return answer;
  }

  async outline(frame, body, type) {
    const answer = await request("POST", `${this.base}/outlines/${frame}`, body, type);
    return createImageBitmap(await answer.blob());
  }
}
