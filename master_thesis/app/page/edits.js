// Changes of the mask of the frame that is shown; each makes it a key frame.

import { careful, say } from "./messages.js";

export class Edits {
  constructor(session, stage, mask, onChange) {
    Object.assign(this, { session, stage, mask, onChange });
  }

  get canEdit() {
    if (this.session.isLocked) say("The masks are in use: cancel the work, or wait until it is done.");
    return !this.session.isLocked && this.stage.isReady;
  }

  // The same for keys and buttons, which may come while a frame is still on its way.
  async mayEdit() {
    let { showing } = this.stage;
    for (let last = null; last !== showing; { showing } = this.stage) {
      last = showing;
      await showing;
    }
    return this.canEdit;
  }

  stroked() {
    if (this.mask.end(this.stage.frame, this.session.isKey(this.stage.frame))) this.keep();
  }

  keep() {
    this.session.keep(this.stage.frame, this.mask.blob());
    this.stage.preview();
    this.onChange();
  }

  // Changes the mask by a function of its context and canvas.
  change(work) {
    if (!this.canEdit) return;
    this.mask.change(this.stage.frame, this.session.isKey(this.stage.frame), work);
    this.keep();
    this.stage.redraw();
  }

  replace(picture) {
    this.change((context, canvas) => {
      context.clearRect(0, 0, canvas.width, canvas.height);
      if (picture) this.mask.paste(picture);
    });
  }

  async gone() {
    if (await this.mayEdit()) this.replace(null);
  }

  async boxed(box) {
    const { frame } = this.stage;
    say("Looking for the outline …");
    const found = await careful(() => this.session.outline(frame, { box }));
    if (found) say("");
    if (found && frame === this.stage.frame) this.change(() => this.mask.paste(found));
  }

  async outline() {
    if (!await this.mayEdit()) return;
    const { frame } = this.stage;
    say("Looking for the outline …");
    const found = await careful(async () => this.session.outline(frame, await this.mask.blob(), "image/png"));
    if (found) say("");
    if (found && frame === this.stage.frame) this.replace(found);
  }

  async copyFromBefore() {
    if (!await this.mayEdit()) return;
    const { session, stage } = this, { frame } = stage;
    if (frame === 0) return;
    await session.saving;
    const found = await careful(() => stage.frames.mask(frame - 1, session.version));
    if (found && frame === stage.frame) this.replace(found);
  }

  async forget(frame) {
    if (this.session.isLocked || !this.session.isKey(frame)) return;
    this.mask.forget();
    await this.session.keep(frame, null);
    await (frame === this.stage.frame ? this.stage.reload() : this.stage.show(this.stage.frame));
  }

  async undo(isRedo) {
    const { session, stage, mask } = this, last = mask.peek(isRedo);
    if (!last || session.isLocked) return;
    if (last.frame !== stage.frame || stage.maskFrame !== last.frame) await stage.show(last.frame);
    if (stage.maskFrame !== last.frame || mask.peek(isRedo) !== last) return;
    mask.step(isRedo);
    stage.redraw();
    if (isRedo || last.wasKey) {
      this.keep();
      return;
    }
    session.keep(last.frame, null);
    this.onChange();
  }
}
