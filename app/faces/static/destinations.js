// The worst destinations, as this worker knows them.

import { fill, list, rowFrom } from "./bind.js";
import { ask } from "./forms.js";

const EVERY = 2_000; // ms

/** Keeps `section` up to date. */
export function destinations(section, isLive) {
  const rows = section.querySelector("[data-rows]");
  const makeRow = rowFrom(section.querySelector("template"));

  async function read() {
    if (document.hidden || !isLive()) return;
    const { destinations: shown, total } = await ask("GET", `/destinations?limit=${section.dataset.most}`);
    list(rows, shown, (each) => each.id, (item, old, name) => {
      const row = makeRow(item, old, name);
      row.querySelector("a").href = `/destinations/${item.id}`;
      row.classList.toggle("failing", item.success_rate_last_hour !== null && item.success_rate_last_hour < 0.5);
      return row;
    });
    fill(section.querySelector("header"), { total });
  }

  setInterval(() => read().catch(() => {}), EVERY);
}
