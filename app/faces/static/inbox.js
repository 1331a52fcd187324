// The development inbox: what came in, as Discord or a mail program would show it.

import { fill, list } from "./bind.js";
import { marked, visible } from "./format.js";

const EVERY = 500; // ms between two reads at least
const MARKED = ["discord", "webhook"]; // their texts are Markdown; the others' are as readers see them
const KNOWN = [...MARKED, "email"];

/** Returns a function that reads the inbox anew, soon. */
export function inbox(section) {
  const rows = section.querySelector("[data-rows]");
  let waiting = false;

  async function read() {
    waiting = false;
    const response = await fetch(`/inbox?limit=${section.dataset.most}`);
    if (!response.ok) return;
    const { cards, behaviour } = await response.json();
    // A restarted service counts from 1 again: the id alone does not tell cards apart.
    const key = (card) => `${card.id} ${card.time}`;
    list(rows, cards, key, (card, old, name) => old ?? make(card, name));
    for (const button of section.querySelectorAll("[name=behaviour]")) {
      button.ariaPressed = String(button.value === behaviour);
    }
  }

  return () => {
    if (!waiting) setTimeout(() => read().catch(() => {}), EVERY);
    waiting = true;
  };
}

function make(card, key) {
  const element = clone(KNOWN.includes(card.kind) ? `card-${card.kind}` : "card-chat");
  element.dataset.key = key;
  element.dataset.kind = card.kind;
  fill(element, { ...card, sender: card.sender ?? "Notification Worker" });
  if (card.kind === "email") return withHtml(element, card.html);
  if (card.color !== null) {
    element.querySelector(".embed").style.setProperty("--bar", `#${card.color.toString(16).padStart(6, "0")}`);
  }
  element.querySelector(".fields").replaceChildren(...card.fields.map(([name, value]) => {
    const field = clone("card-field");
    fill(field, { name });
    const shown = MARKED.includes(card.kind) ? marked(value) : [visible(value)];
    field.querySelector("dd").replaceChildren(...shown);
    return field;
  }));
  return element;
}

function withHtml(element, html) {
  element.querySelector("details").hidden = !html;
  // The frame is sandboxed: no scripts, no forms, no origin.
  if (html) element.querySelector("iframe").srcdoc = visible(html);
  return element;
}

function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}
