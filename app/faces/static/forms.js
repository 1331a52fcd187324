// Sends the page's forms to the API instead, and says what became of it.

import { visible } from "./format.js";
import { agreed } from "./question.js";
import { _, inLanguage } from "./texts.js";

/** Takes over every form with `data-call`; `after(form, body)` is told of each success. */
export function takeOver(answer, after) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.call) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    const data = new FormData(form, event.submitter);
    if (!await agreed(form, event.submitter.textContent)) return;
    form.ariaBusy = "true";
    try {
      const body = await call(form.dataset.call, data);
      say(answer, form, body);
      after(form, data);
    } catch (error) {
      tell(answer, "bad", error.message);
    } finally {
      form.ariaBusy = "false";
    }
  });
}

async function call(what, data) {
  const [method, path] = what.split(" ");
  const query = method === "POST" ? `?${new URLSearchParams(data)}` : "";
  return ask(method, path + query, method === "PUT" ? Object.fromEntries(data) : undefined);
}

/** What the API answers; its refusals and its silence are errors, with words for people. */
export async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(inLanguage(path), { method, body: body && JSON.stringify(body) });
  } catch {
    throw new Error(_("The service did not answer. Whether it did anything is not known."));
  }
  if (response.status === 401) location.reload(); // the sign-in has expired
  const result = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(result.detail ?? _("The service answered {status}.", { status: response.status }));
  return result;
}

function say(answer, form, body) {
  const waits = body.status === "STARTING" || body.published === 0;
  if (body.warning) tell(answer, "wait", body.warning);
  else if (waits) tell(answer, "wait", form.dataset.wait);
  else tell(answer, "ok", form.dataset.done);
}

let fading;

/** Shows one line; what is good fades after a while, what is not stays. */
export function tell(answer, tone, text) {
  clearTimeout(fading);
  answer.role = tone === "bad" ? "alert" : "status";
  answer.dataset.tone = tone;
  answer.textContent = visible(text);
  fading = setTimeout(() => { answer.textContent = ""; }, tone === "bad" ? 30_000 : 8_000);
}
