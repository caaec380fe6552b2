import { post, read, request, upload } from "./api.js";

const at = (id) => document.getElementById(id);
const message = at("message"), bar = at("upload"), drop = at("drop");
history.replaceState(null, "", "/"); // the secret is a cookie now

function say(text, isError = false) {
  message.textContent = text;
  message.classList.toggle("error", isError);
}

async function open(work, text) {
  say(text);
  try {
    location.assign(`/s/${(await work()).id}`);
  } catch (error) {
    say(error.message, true);
  }
  bar.hidden = true;
}

function openFile(file) {
  bar.hidden = false;
  bar.value = 0;
  open(() => upload(file, (share) => { bar.value = share; }), `Copying ${file.name} …`);
}

at("open").addEventListener("submit", (event) => {
  event.preventDefault();
  open(() => post("/api/sessions", { path: at("path").value, keep_going: at("keep-going").checked }), "Opening …");
});
at("file").addEventListener("change", (event) => { if (event.target.files[0]) openFile(event.target.files[0]); });
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) openFile(event.dataTransfer.files[0]);
  });
}

async function list() {
  const sessions = await read("/api/sessions");
  at("earlier").hidden = !sessions.length;
  at("sessions").replaceChildren(...sessions.map(row));
}

function row({ id, name, video, seconds }) {
  const item = document.createElement("li"), link = document.createElement("a");
  link.href = `/s/${id}`;
  link.textContent = name;
  const where = document.createElement("span");
  where.className = "where";
  where.textContent = `${new Date(1000 * seconds).toLocaleString()} · ${video}`;
  where.title = video;
  const remove = document.createElement("button");
  remove.className = "small";
  remove.textContent = "Delete";
  remove.setAttribute("aria-label", `Delete the session of ${name}`);
  remove.addEventListener("click", async () => {
    if (!confirm(`Delete the masks and results of ${name}? A video that was opened by its path stays.`)) return;
    try {
      await request("DELETE", `/api/sessions/${id}`);
      await list();
    } catch (error) {
      say(error.message, true);
    }
  });
  item.append(link, where, remove);
  return item;
}

list().catch((error) => say(error.message, true));
