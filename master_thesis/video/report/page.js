"use strict";
// One video holds before, after and origin on top of each other, so that they cannot get out of step.
const data = JSON.parse(document.getElementById("data").textContent);
const video = document.getElementById("video");
const compare = document.getElementById("compare");
const divider = document.getElementById("divider");
const seek = document.getElementById("seek");
const play = document.getElementById("play");
const output = document.getElementById("time");
const head = document.querySelector("#chart .head");
const chart = document.getElementById("chart");
const panels = [...document.querySelectorAll("canvas[data-panel]")];
let right = 1;

function panel(context, number, left, width) {
  const w = video.videoWidth, h = video.videoHeight / 3;
  const from = left * w, length = width * w;
  context.drawImage(video, from, number * h, length, h, from, 0, length, h);
}

function frameAt(seconds) {
  let low = 0, high = data.seconds.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (data.seconds[middle] <= seconds + 1e-3) low = middle; else high = middle - 1;
  }
  return low;
}

function draw() {
  if (video.readyState < 2) return;
  const at = divider.value / 1000;
  const context = compare.getContext("2d");
  if (at > 0) panel(context, 0, 0, at);
  if (at < 1) panel(context, right, at, 1 - at);
  context.fillStyle = "#fff";
  context.fillRect(at * compare.width - 1, 0, 2, compare.height);
  for (const canvas of panels) panel(canvas.getContext("2d"), Number(canvas.dataset.panel), 0, 1);
  const frame = frameAt(video.currentTime);
  seek.value = video.currentTime / video.duration || 0;
  const part = data.seconds.length > 1 ? frame / (data.seconds.length - 1) : 0;
  head.setAttribute("x1", 1000 * part);
  head.setAttribute("x2", 1000 * part);
  output.textContent = `frame ${frame}: ${data.captions[frame]}`;
}

function loop() {
  draw();
  if (!video.paused) requestAnimationFrame(loop);
}

function toggle() {
  if (video.paused) video.play().catch(() => undefined); else video.pause();
}

video.addEventListener("loadedmetadata", () => {
  for (const canvas of [compare, ...panels]) {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight / 3;
  }
  document.getElementById("stage").style.maxWidth = `${70 * compare.width / compare.height}vh`;  // 70 % of the window
});
for (const event of ["loadeddata", "seeked"]) video.addEventListener(event, draw);
video.addEventListener("play", () => { play.textContent = "Pause"; loop(); });
video.addEventListener("pause", () => { play.textContent = "Play"; });
video.addEventListener("error", () => { output.textContent = "This browser cannot play H.264."; });
play.addEventListener("click", toggle);
divider.addEventListener("input", draw);
seek.addEventListener("input", () => { video.currentTime = seek.value * video.duration; });
for (const choice of document.querySelectorAll("input[name=right]")) {
  choice.addEventListener("change", () => {
    right = Number(choice.value);
    document.getElementById("right-tag").textContent = choice.parentElement.textContent.trim();
    draw();
  });
}
chart.addEventListener("click", (event) => {
  const box = chart.getBoundingClientRect();
  const frame = Math.round((event.clientX - box.left) / box.width * (data.seconds.length - 1));
  video.currentTime = data.seconds[Math.max(0, Math.min(frame, data.seconds.length - 1))] + 1e-3;
});
document.addEventListener("keydown", (event) => {
  if (event.code === "Space" && event.target === document.body) { event.preventDefault(); toggle(); }
});
video.src = "data:video/mp4;base64," + document.getElementById("media").textContent.trim();
