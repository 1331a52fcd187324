// The texts of the scripts in the page's language: the page brings their translations along.

const known = JSON.parse(document.getElementById("texts")?.content ?? "{}");
const language = document.documentElement.lang;

/** A text in the page's language; `{name}` in it stands for one of the values. */
export function _(english, values = {}) {
  return (known[english] ?? english).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

/** The address at which the API says what is for people in the page's language. */
export function inLanguage(path) {
  return language === "en" ? path : `${path}${path.includes("?") ? "&" : "?"}language=${language}`;
}
