// The steps on the right, as the state of the session has them.

const at = (id) => document.getElementById(id);
const KINDS = { carry: "Carrying", remove: "Removing" };
const STEPS = {
  "looking through": "looking through the video", carrying: "carrying the mask", examining: "examining the video",
  filling: "filling the hole", writing: "writing the result", shadows: "looking for shadows",
  reflections: "looking for reflections",
};

export function inWords(seconds) {
  if (seconds < 90) return `${Math.max(Math.round(seconds), 1)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

// What is masked besides what is drawn, in one word: text, a logo, or nothing.
function extraOf({ text: isText, logos }) {
  return isText ? "text" : logos.length ? "logo" : "";
}

// Everything on the right and in the head.
export function showAll(session, frame, { go, forget }) {
  const { state, confidence, isLocked } = session;
  showHead(state);
  showKeys(state.keys, frame, go, forget, isLocked);
  showDoubtful(session.doubtful, confidence, frame, go);
  showJob(state.job);
  showResult(state.result, session.base);
  const isKey = session.isKey(frame), isDrawn = state.keys.some((key) => !key.is_gone), extra = extraOf(state.choice);
  const extraAlone = isDrawn ? "" : extra, isMarked = isDrawn || extra !== "";
  at("frame-state").textContent = frameState(session, frame);
  at("carry").disabled = isLocked || !isMarked || state.is_carried;
  at("carry").textContent = extraAlone ? `${extraAlone === "text" ? "Find" : "Mask"} the ${extraAlone}` : "Carry through the video";
  at("carry-state").textContent = carryState(state, isDrawn, isMarked);
  showNotes(state.is_carried ? state.masks?.notes ?? [] : []);
  at("remove").disabled = isLocked || !isMarked;
  const isPartial = state.job?.kind === "remove" && state.job.state === "cancelled";
  at("remove").textContent = isPartial ? "Continue removing" : `Remove the ${extraAlone || "object"}`;
  at("get-masks").href = `${session.base}/files/masks`;
  at("get-masks").hidden = !state.is_carried;
  at("view-compare").disabled = !state.result;
  for (const id of ["outline", "copy", "gone"]) at(id).disabled = isLocked || (id === "copy" && frame === 0);
  at("unkey").disabled = isLocked || !isKey;
  at("of").textContent = `of ${Math.max(state.frames.total - 1, 0)} · ${(frame / state.rate).toFixed(2)} s`;
  at("number").max = Math.max(state.frames.count - 1, 0);
}

function showHead({ name, video, size, frames: { count, total, is_complete: isComplete, error }, has_sound: hasSound }) {
  document.title = `${name} – remove an object`;
  at("name").textContent = name;
  at("name").title = video;
  const reading = `reading frame ${count}${total > count ? ` of about ${total}` : ""}`;
  const facts = [`${size[0]} × ${size[1]}`, isComplete ? `${count} frames` : error ? "" : reading, hasSound ? "with sound" : ""];
  at("facts").textContent = facts.filter(Boolean).join(" · ");
}

function frameState({ state, confidence, isLocked }, frame) {
  const key = state.keys.find((each) => each.frame === frame);
  const locked = isLocked ? " Drawing is possible again when the work is done." : "";
  if (key) return (key.is_gone ? "Key frame: the object is gone." : "Key frame: drawn by hand.") + locked;
  if (!state.masks) return `Paint the object on this frame, or draw a box around it.${locked}`;
  const extra = extraOf(state.choice);
  if (!state.keys.length && extra) return `Mask of the ${extra}. What you paint is masked as well.${locked}`;
  const word = state.masks.doubtful.includes(frame) ? "doubtful" : "carried";
  return `Mask ${word}, confidence ${Math.round(100 * (confidence[frame] ?? 0))} %. What you paint makes it a key frame.${locked}`;
}

function carryState(state, isDrawn, isMarked) {
  if (!isMarked) return "Draw the object on one frame first.";
  if (state.is_carried) return !isDrawn || state.masks?.doubtful.length ? "" : "All frames have masks; none is doubtful.";
  if (!state.masks || !isDrawn) return "";
  return state.keys.length ? "Key frames or options changed: carry again. Only what depends on them is computed." : "";
}

function showNotes(notes) {
  if (!hasChanged("notes", notes)) return;
  at("carry-notes").replaceChildren(...notes.map((note) => {
    const item = document.createElement("li");
    item.textContent = note;
    return item;
  }));
}

// Frames in a row as one entry: its first and last frame.
export function ranges(frames) {
  const found = [];
  for (const frame of frames) {
    if (found.length && found.at(-1)[1] === frame - 1) found.at(-1)[1] = frame;
    else found.push([frame, frame]);
  }
  return found;
}

function chip(text, label, onClick, isCurrent) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.setAttribute("aria-label", label);
  if (isCurrent) button.setAttribute("aria-current", "true");
  button.addEventListener("click", onClick);
  return button;
}

// Replaces the entries of a list where something has changed: what has the focus, or is being clicked, must stay.
const shown = new Map();
function hasChanged(id, ...values) {
  const now = JSON.stringify(values), before = shown.get(id);
  shown.set(id, now);
  return now !== before;
}

function showKeys(keys, current, go, remove, isLocked) {
  if (!hasChanged("keys", keys, current, isLocked)) return;
  at("keys-title").hidden = !keys.length;
  at("keys").replaceChildren(...keys.map(({ frame, is_gone: isGone }) => {
    const item = document.createElement("li");
    item.className = "with-remove";
    const name = isGone ? `${frame} gone` : `${frame}`;
    const forget = chip("×", `Forget what was drawn on frame ${frame}`, () => remove(frame));
    forget.disabled = isLocked;
    item.append(chip(name, `Go to key frame ${frame}${isGone ? ", where the object is gone" : ""}`, () => go(frame),
      frame === current), forget);
    return item;
  }));
}

function showDoubtful(frames, confidence, current, go) {
  if (!hasChanged("doubtful", frames, confidence.length, current)) return;
  at("doubtful-title").hidden = !frames.length;
  at("doubtful").replaceChildren(...ranges(frames).map(([first, last]) => {
    const inside = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const worst = inside.reduce((a, b) => ((confidence[b] ?? 0) < (confidence[a] ?? 0) ? b : a));
    const item = document.createElement("li"), name = first === last ? `${first}` : `${first}–${last}`;
    item.append(chip(name, `Go to frame ${worst}, the most doubtful of ${name}`, () => go(worst),
      current >= first && current <= last));
    return item;
  }));
}

function showJob(job) {
  at("job").hidden = !job?.is_active;
  if (!job?.is_active) return;
  at("job-title").textContent = KINDS[job.kind] ?? "Working";
  const { what, done, total, seconds_left: left } = job.progress;
  if (total) at("progress").value = done / total;
  else at("progress").removeAttribute("value");
  const step = STEPS[what] ?? what;
  const counted = total ? ` (${done} of ${total} frames)` : "";
  const time = left ? `, about ${inWords(left)} left` : "";
  at("job-state").textContent = step ? `${step}${counted}${time}`
    : job.ahead ? `waiting for ${job.ahead} other ${job.ahead === 1 ? "job" : "jobs"}` : "starting";
}

function showResult(result, base) {
  at("result").hidden = !result;
  if (!result) return;
  at("sentence").textContent = result.is_current ? result.sentence
    : `${result.sentence} (Made from earlier masks: remove the object again.)`;
  for (const name of ["video", "page", "origin"]) {
    const link = at(`get-${name}`), file = result.files[name];
    link.hidden = !file;
    link.href = `${base}/files/${name}`;
    link.title = file ?? "";
  }
}
