// What is masked besides what is drawn, and what carries masks.

import { read } from "./api.js";
import { careful, say } from "./messages.js";

const at = (id) => document.getElementById(id);
const TITLES = { carrier: "built in", sam2: "SAM 2", cutie: "Cutie" };
const FIELDS = ["text", "region", "lines", "shadow", "reflection", "tracker", "weights"];

export class Choices {
  // onDraw: called when the next box that is drawn says where text is.
  constructor(session, onDraw) {
    Object.assign(this, { session, onDraw });
    this.region = ""; // the last one that was right
    this.numPending = 0; // changes that the server has not answered: until then the controls know better
    for (const id of FIELDS) at(id).addEventListener("change", () => this.keep());
    at("region-draw").addEventListener("click", () => onDraw());
  }

  // Asks what is installed; what is not can be seen, with the reason, but not chosen.
  async ask() {
    const { text, trackers } = await read("/api/offers");
    this.isTextMissing = Boolean(text);
    at("text-reason").hidden = !text;
    at("text-reason").textContent = `It ${text}`;
    at("tracker").replaceChildren(...Object.entries(trackers).map(([name, needed]) => {
      const option = new Option(`${TITLES[name] ?? name}${needed ? " (not installed)" : ""}`, name);
      option.disabled = Boolean(needed);
      return option;
    }));
    at("tracker-reasons").replaceChildren(...Object.entries(trackers).filter(([, needed]) => needed).map(([name, needed]) => {
      const item = document.createElement("li");
      item.textContent = `${TITLES[name] ?? name} ${needed}.`;
      return item;
    }));
    const { text: isText, shadow, reflection, tracker } = this.session.state.choice;
    at("choices").open = isText || shadow || reflection || tracker !== "carrier";
    this.show();
  }

  // The state of the controls, unless they are being used; hasFailed: also of those.
  show(hasFailed = false) {
    const { choice } = this.session.state, { isLocked } = this.session;
    const values = { ...choice, lines: String(choice.lines), region: (choice.region ?? []).join(" ") };
    for (const id of this.numPending ? [] : FIELDS) {
      if (typeof values[id] === "boolean") at(id).checked = values[id];
      else if (hasFailed || document.activeElement !== at(id)) at(id).value = values[id];
    }
    if (!this.numPending) this.region = values.region;
    for (const id of [...FIELDS, "region-draw"]) at(id).disabled = isLocked;
    at("text").disabled = isLocked || (this.isTextMissing && !choice.text);
    at("text-choices").hidden = !at("text").checked;
    for (const element of document.querySelectorAll(".of-tracker")) element.hidden = at("tracker").value === "carrier";
  }

  async keep() {
    const words = at("region").value.trim().split(/[\s,]+/).filter(Boolean), tracker = at("tracker").value;
    if (words.length && !(words.length === 4 && words.every((word) => /^\d+$/.test(word)))) {
      at("region").value = this.region;
      say("The part to look for text in should be four whole numbers: left, top, width and height.", true);
      return;
    }
    const region = words.length ? words.map(Number) : null;
    this.region = words.join(" ");
    const ticked = Object.fromEntries(["text", "shadow", "reflection"].map((id) => [id, at(id).checked]));
    const values = { ...ticked, lines: at("lines").value === "true", region, tracker };
    this.numPending += 1;
    this.show();
    const isTaken = await careful(() => this.session.choose({ ...values, weights: at("weights").value }).then(() => true));
    this.numPending -= 1;
    this.show(!isTaken); // or what was refused would be handed over again
  }

  // Text is looked for in a box: left, top, right and bottom.
  keepRegion([left, top, right, bottom]) {
    const [width, height] = this.session.state.size, limited = (value, most) => Math.min(Math.max(value, 0), most);
    const [l, t, r, b] = [limited(left, width), limited(top, height), limited(right, width), limited(bottom, height)];
    if (r <= l || b <= t) return say("The box lies outside the picture.", true);
    at("region").value = [l, t, r - l, b - t].join(" ");
    return this.keep();
  }
}
