// Requests to the server; what it refuses becomes an Error with its sentence.

export async function request(method, path, body, type = "application/json") {
  const options = { method };
  if (body !== undefined) {
    options.body = type === "application/json" ? JSON.stringify(body) : body;
    options.headers = { "Content-Type": type };
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("the server does not answer: is master_thesis app still running?");
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Error(said.error || `the server answered ${answer.status}`);
  }
  return answer;
}

export const read = async (path) => (await request("GET", path)).json();
export const post = async (path, values = {}) => (await request("POST", path, values)).json();

// A video goes to the disk of the server as it is read, and is never completely in memory.
export function upload(file, onProgress) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("PUT", `/api/uploads?name=${encodeURIComponent(file.name)}`);
    sending.responseType = "json";
    sending.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    sending.addEventListener("load", () => {
      if (sending.status === 200) resolve(sending.response);
      else reject(new Error(sending.response?.error || `the server answered ${sending.status}`));
    });
    sending.addEventListener("error", () => reject(new Error("the upload was broken off")));
    sending.send(file);
  });
}
