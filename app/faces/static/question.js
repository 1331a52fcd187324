// Asks before something is stopped, paused or forgotten.

import { _ } from "./texts.js";

/** Whether the operator really wants what `form` does: a form without a question is done at once. */
export function agreed(form, label) {
  const { question } = form.dataset;
  if (!question) return Promise.resolve(true);
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "question";
  text.textContent = question;
  const answers = document.createElement("form");
  answers.method = "dialog";
  answers.append(button("no", _("Cancel")), button("yes", label));
  dialog.setAttribute("aria-labelledby", text.id);
  dialog.append(text, answers);
  dialog.addEventListener("click", ({ target }) => { if (target === dialog) dialog.close(); }); // beside it
  document.body.append(dialog);
  return new Promise((resolve) => {
    // Escape closes it, too; focus goes back to where it was.
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}

function button(value, label) {
  const made = document.createElement("button");
  made.value = value;
  made.className = value === "yes" ? "primary" : "";
  made.textContent = label;
  return made;
}
