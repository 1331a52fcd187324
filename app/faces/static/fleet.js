// The group's workers, as each has told the others of itself.

import { fill, list, rowFrom } from "./bind.js";
import { ask } from "./forms.js";

const EVERY = 3_000; // ms; workers tell of themselves as often

/** Keeps `section` up to date; `topics` returns the consumed ones. */
export function fleet(section, isLive, topics) {
  const rows = section.querySelector("[data-rows]");
  const makeRow = rowFrom(section.querySelector("template"));
  const most = Number(section.dataset.most);

  async function read() {
    if (document.hidden || !isLive()) return;
    const { me, workers, totals, unknown } = await ask("GET", "/workers");
    const host = workers.find((each) => each.id === me)?.host;
    const shown = workers.sort((a, b) => (b.id === me) - (a.id === me) || (a.id < b.id ? -1 : 1)).slice(0, most);
    list(rows, shown.map((each) => described(each, topics())), (each) => each.id, (worker, old, name) => {
      const row = makeRow(worker, old, name);
      row.querySelector(".me").hidden = worker.id !== me;
      const link = row.querySelector("a");
      if (isReachable(worker, host)) link.href = `${worker.address}/`;
      else link.removeAttribute("href");
      return row;
    });
    fill(section.querySelector("tfoot"), totals);
    fill(section.querySelector(".note"), { unknown });
    section.querySelector(".note").hidden = unknown === null;
    section.querySelector(".more-of").hidden = workers.length <= most;
  }

  setInterval(() => read().catch(() => {}), EVERY);
}

/** A worker's row; app/faces/dashboard/fleet.py has the same. */
function described(worker, topics) {
  const mode = worker.paused ? "PAUSED" : worker.status;
  const places = Object.entries(worker.partitions)
    .filter(([topic]) => topics.includes(topic))
    .sort()
    .map(([topic, numbers]) => (topics.length === 1 ? spans(numbers) : `${topic} ${spans(numbers)}`));
  return { ...worker, ...worker.statistics, mode: worker.problem ? "PROBLEM" : mode, places: places.join(", ") };
}

/** Numbers with those that follow each other as one. */
function spans(numbers) {
  const found = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([first, last]) => (last > first ? `${first}–${last}` : first)).join(", ");
}

/** A loopback address is each machine's own. */
function isReachable({ address, host }, here) {
  if (address === null || !/^https?:\/\//.test(address)) return false;
  return host === here || !/^https?:\/\/(127\.|\[::1\])/.test(address);
}
