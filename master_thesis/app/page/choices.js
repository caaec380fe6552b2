// What is masked besides what is drawn, and what carries masks.

import { read } from "./api.js";
import { careful, say } from "./messages.js";

const at = (id) => document.getElementById(id);
const TITLES = { carrier: "built in", sam2: "SAM 2", cutie: "Cutie" };
const LOGO = /^\d+ \d+ [1-9]\d* [1-9]\d*(@\d+-\d+)?$/;
const FIELDS = ["text", "region", "lines", "shadow", "reflection", "logos", "unsure", "tracker", "weights"];

function percent(share) {
  return String(Number((100 * share).toFixed(4)));
}

export class Choices {
  // onDraw: called with "region" or "logo" when the next box that is drawn says where text or a logo is.
  constructor(session, onDraw) {
    Object.assign(this, { session, onDraw });
    this.right = { region: "", logos: "", unsure: "" }; // the last ones that were right
    this.numPending = 0; // changes that the server has not answered: until then the controls know better
    for (const id of FIELDS) at(id).addEventListener("change", () => this.keep());
    for (const name of ["region", "logo"]) at(`${name}-draw`).addEventListener("click", () => onDraw(name));
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
    const { text: isText, shadow, reflection, logos, tracker } = this.session.state.choice;
    at("choices").open = isText || shadow || reflection || logos.length > 0 || tracker !== "carrier";
    this.show();
  }

  // The state of the controls, unless they are being used; hasFailed: also of those.
  show(hasFailed = false) {
    const { choice } = this.session.state, { isLocked } = this.session;
    const words = { region: (choice.region ?? []).join(" "), logos: choice.logos.join("; "), unsure: percent(choice.unsure) };
    const values = { ...choice, lines: String(choice.lines), ...words };
    for (const id of this.numPending ? [] : FIELDS) {
      if (typeof values[id] === "boolean") at(id).checked = values[id];
      else if (hasFailed || document.activeElement !== at(id)) at(id).value = values[id];
    }
    if (!this.numPending) this.right = words;
    for (const id of [...FIELDS, "region-draw", "logo-draw"]) at(id).disabled = isLocked;
    at("text").disabled = isLocked || (this.isTextMissing && !choice.text);
    at("text-choices").hidden = !at("text").checked;
    for (const element of document.querySelectorAll(".of-tracker")) element.hidden = at("tracker").value === "carrier";
  }

  // Puts back what was right, and says what is wrong.
  refuse(id, reason) {
    at(id).value = this.right[id];
    say(reason, true);
  }

  async keep() {
    const words = at("region").value.trim().split(/[\s,]+/).filter(Boolean), tracker = at("tracker").value;
    if (words.length && !(words.length === 4 && words.every((word) => /^\d+$/.test(word)))) {
      return this.refuse("region", "The part to look for text in should be four whole numbers: left, top, width and height.");
    }
    const logos = at("logos").value.split(";").map((logo) => logo.trim().split(/[\s,]+/).join(" ")).filter(Boolean);
    if (!logos.every((logo) => LOGO.test(logo))) {
      return this.refuse("logos", "A logo should be four whole numbers: left, top, width and height; a semicolon before the next.");
    }
    const unsure = Number(at("unsure").value) / 100;
    if (!(unsure >= 0.001 && unsure <= 1)) return this.refuse("unsure", "Unsure should begin at 0.1 to 100 %.");
    const region = words.length ? words.map(Number) : null;
    this.right = { region: words.join(" "), logos: logos.join("; "), unsure: percent(unsure) };
    const ticked = Object.fromEntries(["text", "shadow", "reflection"].map((id) => [id, at(id).checked]));
    const values = { ...ticked, lines: at("lines").value === "true", region, logos, unsure, tracker };
    this.numPending += 1;
    this.show();
    const isTaken = await careful(() => this.session.choose({ ...values, weights: at("weights").value }).then(() => true));
    this.numPending -= 1;
    this.show(!isTaken); // or what was refused would be handed over again
  }

  // A place for text, or one more logo: left, top, right and bottom.
  keepPlace(name, [left, top, right, bottom]) {
    const [width, height] = this.session.state.size, limited = (value, most) => Math.min(Math.max(value, 0), most);
    const [l, t, r, b] = [limited(left, width), limited(top, height), limited(right, width), limited(bottom, height)];
    if (r <= l || b <= t) return say("The box lies outside the picture.", true);
    const place = [l, t, r - l, b - t].join(" "), { value } = at("logos");
    if (name === "region") at("region").value = place;
    else at("logos").value = value.trim() ? `${value}; ${place}` : place;
    return this.keep();
  }
}
