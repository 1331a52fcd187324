// How values read, as app/faces/dashboard/formats.py has them.

import { _ } from "./texts.js";

export const NOTHING = "–";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const two = (n) => String(n).padStart(2, "0");

export const formats = {
  text: String,
  state: (word) => _(word.replaceAll("_", " ")),
  said: (text) => formats.place(text),
  texts: (words) => words.join(", "),
  place: (label) => label.replace(/^(\w+ )?https?:\/\//, "$1"),
  places: (labels) => labels.map(formats.place).join(", "),
  notes: (given) => given.map((each) => (each.field ? `${each.field}: ${each.problem}` : each.problem)).join("; "),
  warnings: (given) => given.filter((each) => !each.stops_work).map((each) => each.text).join("\n"),
  number: (n) => whole.format(n),
  percent: (share) => `${((share < 1 ? Math.min(share, 0.999) : 1) * 100).toFixed(1)}%`,
  rate: (n) => (n >= 100 ? whole.format(n) : n.toFixed(n >= 1 || n === 0 ? 1 : 2)),

  took(seconds) {
    if (seconds < 0.001) return `${(seconds * 1000).toFixed(1)} ms`;
    if (seconds < 0.9995) return `${(seconds * 1000).toFixed(0)} ms`;
    return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  },

  uptime(seconds) {
    const minutes = Math.floor(seconds / 60);
    return `${Math.floor(minutes / 60)}h ${minutes % 60}m ${Math.floor(seconds % 60)}s`;
  },

  clock(iso) {
    const t = new Date(iso);
    const time = [t.getHours(), t.getMinutes(), t.getSeconds()].map(two).join(":");
    if (t.toDateString() === new Date().toDateString()) return time;
    return `${two(t.getMonth() + 1)}-${two(t.getDate())} ${time}`;
  },
};

// Tabs, lines and joiners stay; app/policies/texts/visible.py has the same.
const HIDDEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** A text whose characters that steer or hide are escapes: U+202E turns what follows around. */
export function visible(text) {
  return text.replaceAll("\r\n", "\n").replace(HIDDEN, (found) => {
    const code = found.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** A value in one of `formats`; a dash when there is nothing to show. */
export function show(value, form) {
  const nothing = value === null || value === undefined || value.length === 0;
  return nothing ? NOTHING : visible(formats[form](value));
}

const MARKS = /\*\*([^*\n]+)\*\*|\*([^*\n]+)\*|`([^`\n]+)`/g;
const TAGS = ["strong", "em", "code"];

/** Nodes for a text with bold, italic and code marks, as Discord shows them. */
export function marked(given) {
  const text = visible(given);
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    const which = match.slice(1).findIndex((group) => group !== undefined);
    const element = document.createElement(TAGS[which]);
    element.textContent = match[which + 1];
    nodes.push(text.slice(end, match.index), element);
    end = match.index + match[0].length;
  }
  return [...nodes, text.slice(end)];
}
