// Keeps the page of one destination live. Without it the page is the same, as of its time.

import { fill, list, rowFrom } from "./bind.js";
import { chart } from "./charts.js";
import { formats } from "./format.js";
import { ask, tell } from "./forms.js";
import { agreed } from "./question.js";
import { _ } from "./texts.js";

const EVERY = 2_000; // ms
const RATES_EVERY = 5_000; // ms; the service counts as often
const section = document.getElementById("destination");
const charts = document.getElementById("charts");
const attempts = document.getElementById("attempts");
const answer = document.getElementById("answer");
const path = `/destinations/${section.dataset.id}`;
const makeRow = rowFrom(document.getElementById("row-delivery"));
let rates = [];

/** What the service has counted, as the charts ask for it. */
const history = {
  between(start, end) {
    const sum = { accepted: 0, lost: 0, durations: [] };
    for (const each of rates) {
      if (each.at < start || each.at >= end || each.attempts === 0) continue;
      sum.accepted += each.accepted;
      sum.lost += each.attempts - each.accepted;
      // Of twenty, one takes as long as the slowest twentieth does.
      sum.durations.push(...Array(19).fill(each.half), each.most);
    }
    sum.durations.sort((a, b) => a - b);
    return sum;
  },
};

function show(destination) {
  fill(section, destination);
  for (const part of section.querySelectorAll("[data-with]")) {
    part.hidden = destination[part.dataset.with] === null;
  }
  section.querySelector("[data-act=pause] button").disabled = destination.state === "paused";
  return destination;
}

async function readRates(label) {
  const query = new URLSearchParams({ minutes: 60, destination: label });
  const answered = await ask("GET", `/rates?${query}`);
  rates = answered.rates.map(({ at, attempts: count, accepted, latency_ms_p50: half, latency_ms_p95: most }) => ({
    at: Date.parse(at) / 1000, attempts: count, accepted, half: half / 1000, most: most / 1000,
  }));
  const now = Date.now() / 1000;
  const { accepted, lost, durations } = history.between(now - 60, now + 1);
  const place = (share) => (durations.length ? durations[Math.min(Math.floor(durations.length * share), durations.length - 1)] : null);
  fill(charts, { rate: (accepted + lost) / 60, median: place(0.5), slow: place(0.95) });
}

async function readAttempts() {
  const { deliveries } = await ask("GET", `/deliveries?${attempts.dataset.query}&limit=${attempts.dataset.most}`);
  list(attempts.querySelector("[data-rows]"), deliveries, (each) => each.id, makeRow);
}

/** Calls `read` now, and again and again while somebody looks. */
function keep(read, every) {
  const again = () => { if (!document.hidden) read().catch(() => {}); };
  again();
  setInterval(again, every);
}

const TOLD = {
  pause: () => ["ok", _("Paused: nothing is sent there, and nothing is lost.")],
  resume: () => ["ok", _("Resumed: what waits is sent now.")],
  test: ({ accepted, said }) => (accepted
    ? ["ok", _("The destination accepted the test.")]
    : ["bad", _("The destination did not accept the test: {said}", { said })]),
};

section.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.ariaBusy === "true" || !await agreed(form, event.submitter.textContent)) return;
  form.ariaBusy = "true";
  try {
    const told = await ask("POST", `${path}/${form.dataset.act}`);
    tell(answer, ...TOLD[form.dataset.act](told));
    show(told.destination ?? told);
  } catch (error) {
    tell(answer, "bad", error.message);
  } finally {
    form.ariaBusy = "false";
  }
});

document.documentElement.classList.add("scripted");
for (const time of document.querySelectorAll("time[datetime]")) time.textContent = formats.clock(time.dateTime);
chart(charts, history);
keep(async () => show(await ask("GET", path)), EVERY);
keep(async () => readRates(section.dataset.label), RATES_EVERY);
keep(readAttempts, EVERY);
