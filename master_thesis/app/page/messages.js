// One line above the picture.

const element = document.getElementById("message");
let hiding;

export function say(text, isError = false) {
  element.textContent = text;
  element.classList.toggle("error", isError);
  clearTimeout(hiding);
  hiding = setTimeout(() => { element.textContent = ""; }, isError ? 9000 : 4000);
}

// Does something that the server may refuse, and then says why.
export async function careful(work) {
  try {
    return await work();
  } catch (error) {
    say(error.message, true);
    return undefined;
  }
}
