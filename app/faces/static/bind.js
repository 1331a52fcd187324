// Writes values into the elements that the templates have marked with `data-f`.

import { marked, show, visible } from "./format.js";

/** Writes each value of `values` into the elements below `root` that name it. */
export function fill(root, values) {
  for (const element of root.querySelectorAll("[data-f]")) {
    if (element.dataset.f in values) put(element, values[element.dataset.f]);
  }
}

function put(element, value) {
  const form = element.dataset.as ?? "text";
  if ("optional" in element.dataset) element.hidden = !value || value.length === 0;
  if (form === "share") {
    element.style.flexGrow = value;
    return;
  }
  if (form === "marked") {
    element.replaceChildren(...marked(value ?? ""));
    return;
  }
  if (form === "state") element.dataset.state = value ?? "";
  if (form === "clock") element.dateTime = value ?? "";
  if (form === "number") element.toggleAttribute("data-zero", !value);
  const text = form === "plain" ? visible(value ?? "") : show(value, form);
  // What has not changed is not written: a screen reader would say it again.
  if (element.textContent !== text) element.textContent = text;
}

/** Makes the rows of `container` show `items`, keeping the elements of those that stay. */
export function list(container, items, key, make) {
  const old = new Map([...container.children].map((row) => [row.dataset.key, row]));
  const rows = items.map((item) => {
    const name = String(key(item));
    return make(item, old.get(name), name);
  });
  const same = rows.length === container.children.length
    && rows.every((row, index) => row === container.children[index]);
  if (!same) container.replaceChildren(...rows);
  container.closest("[data-list]").dataset.list = rows.length;
}

/** A `make` for `list`: clones the template and fills it. */
export function rowFrom(template) {
  return (item, old, name) => {
    const row = old ?? template.content.firstElementChild.cloneNode(true);
    row.dataset.key = name;
    fill(row, item);
    return row;
  };
}
