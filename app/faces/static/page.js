// Keeps the status page live. Without it the page is the same, as of the time it was loaded.

import { fill, list, rowFrom } from "./bind.js";
import { History, chart, quantile } from "./charts.js";
import { deadLetters } from "./dead_letters.js";
import { formats } from "./format.js";
import { takeOver } from "./forms.js";
import { inbox } from "./inbox.js";
import { fleet } from "./fleet.js";
import { destinations } from "./destinations.js";
import { follow } from "./live.js";
import { _, inLanguage } from "./texts.js";

const byId = (id) => document.getElementById(id);
const rowsOf = (name) => document.querySelector(`[data-rows="${name}"]`);
const row = Object.fromEntries(
  ["delivery", "partition", "deed"].map((name) => [name, rowFrom(byId(`row-${name}`))]),
);
const REPORT_EVERY = 2_000; // ms, while figures change
const REPORT_IDLE = 15_000; // ms
const ILL = ["PROBLEM", "FAILING"];
const history = new History();
const readInbox = byId("inbox") ? inbox(byId("inbox")) : () => {};
let last = null; // the newest snapshot
let heard = 0; // when it came, ms
let reported = 0; // when the report was read, ms

const isLive = () => document.documentElement.dataset.link === "live";
const readDeadLetters = deadLetters(byId("dead-letters"), byId("answer"), isLive);

async function json(path) {
  const response = await fetch(inLanguage(path));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

// The worker's state

function showStats(stats) {
  const mode = stats.paused && stats.status === "RUNNING" ? "PAUSED" : stats.status;
  const { signal } = stats;
  for (const place of document.querySelectorAll("[data-live]")) fill(place, stats);
  const modes = stats.shut && stats.status === "RUNNING" ? [mode, "SHUT"] : [mode];
  for (const button of document.querySelectorAll("[data-when]")) {
    button.disabled = !button.dataset.when.split(" ").some((each) => modes.includes(each));
  }
  document.title = `${formats.state(signal)} · Notification Worker`;
  const icon = byId("icon");
  icon.href = ILL.includes(signal) ? icon.dataset.ill : icon.dataset.well;
  list(rowsOf("partition"), partitions(stats), (each) => `${each.topic}/${each.partition}`, row.partition);
  countAttempts(stats);
  if (stats.messages_dead_lettered !== last?.messages_dead_lettered) readDeadLetters();
  last = stats;
  heard = Date.now();
}

function partitions(stats) {
  return stats.partitions.map((each) => ({ ...each, waiting: notDue(each), name: nameOf(each.topic, stats.topics) }));
}

/** A retry topic is told by its delay, with which its name ends. */
function nameOf(topic, consumed) {
  return consumed.includes(topic) ? topic : _("retry {delay}", { delay: topic.split(".").at(-1) });
}

/** What the lag leaves out. */
function notDue({ end, committed, lag }) {
  return [end, committed, lag].includes(null) ? 0 : Math.max(end - committed, 0) - lag;
}

/** Adds the attempts since the last snapshot to the throughput. */
function countAttempts(stats) {
  const sum = (counts, ...names) => Object.values(counts)
    .reduce((total, channel) => total + names.reduce((n, name) => n + channel[name], 0), 0);
  const since = (...names) => Math.max(0, sum(stats.channels, ...names) - sum(last.channels, ...names));
  if (last === null) return;
  history.add(
    Date.now() / 1000,
    since("messages_sent"),
    since("messages_failed", "messages_expired", "messages_retried"),
  );
}

/** The stream sends figures when they change; the time goes on without them. */
function showUptime() {
  if (!isLive() || !last?.is_running) return;
  fill(byId("overview"), { uptime_seconds: last.uptime_seconds + (Date.now() - heard) / 1000 });
}

async function readReport() {
  const due = reported < heard || Date.now() - reported > REPORT_IDLE;
  if (document.hidden || !isLive() || !due) return;
  reported = Date.now();
  const response = await fetch("/report");
  if (response.ok) byId("report").textContent = (await response.text()).trimEnd();
}

// Deliveries

const filter = document.querySelector("#deliveries form");
const most = Number(byId("deliveries").dataset.most);
const SOON = 250; // ms until what arrived is shown
const FAST = 1_000; // ms, while more comes than the table holds: nobody could read it
let arrived = [];
let patience = SOON;

function wanted(attempt) {
  const { status, channel, q } = Object.fromEntries(new FormData(filter));
  const { message_id, title, content, destination, error } = attempt;
  const text = [message_id, title, content, destination, error].join("\n").toLowerCase();
  return (!status || status === attempt.status) && (!channel || channel === attempt.channel)
    && text.includes(q.trim().toLowerCase());
}

function showArrived() {
  const rows = rowsOf("delivery");
  if (rows.matches(":hover") && matchMedia("(hover: hover)").matches) {
    arrived = arrived.slice(-most);
    setTimeout(showArrived, SOON); // nobody can read what moves away
    return;
  }
  const known = new Set([...rows.children].map((each) => each.dataset.key));
  const fresh = arrived.filter((each) => wanted(each) && !known.has(String(each.id))).slice(-most).reverse();
  arrived = [];
  patience = fresh.length < most ? SOON : FAST;
  rows.prepend(...fresh.map((each) => row.delivery(each, undefined, String(each.id))));
  while (rows.children.length > most) rows.lastElementChild.remove();
  byId("deliveries").dataset.list = rows.children.length;
  readInbox();
}

function takeDelivery(attempt) {
  if (arrived.length === 0) setTimeout(showArrived, patience);
  arrived.push(attempt);
  if (attempt.duration !== null) history.took(Date.now() / 1000, attempt.duration);
}

/** A stream begins with all that the service remembers: what is shown already is older. */
function takeDeed(deed) {
  const rows = rowsOf("deed");
  const newest = rows.querySelector("time")?.dateTime ?? "";
  const known = [...rows.children].some((each) => each.dataset.key === String(deed.number));
  if (known || deed.at < newest) return;
  rows.prepend(row.deed(deed, undefined, String(deed.number)));
  while (rows.children.length > Number(byId("deeds").dataset.most)) rows.lastElementChild.remove();
  byId("deeds").dataset.list = rows.children.length;
}

async function readDeliveries() {
  const given = [...new FormData(filter)].filter(([name, value]) => value && name !== "refresh");
  const query = new URLSearchParams(given);
  byId("deliveries").dataset.filtered = String(given.length > 0);
  window.history.replaceState(null, "", query.size ? `/?${query}` : "/");
  query.set("limit", most);
  const { deliveries } = await json(`/deliveries?${query}`);
  list(rowsOf("delivery"), deliveries, (each) => each.id, row.delivery);
}

/** Fills the charts with what happened before this page was opened, as the service counted it. */
async function readPast() {
  const { rates } = await json("/rates?minutes=60");
  for (const { at, attempts, accepted, latency_ms_p50: half, latency_ms_p95: most } of rates) {
    if (attempts === 0) continue;
    const begin = Date.parse(at) / 1000;
    history.add(begin, accepted, attempts - accepted);
    // Of twenty, one takes as long as the slowest twentieth does.
    for (let share = 0; share < 20; share += 1) history.took(begin, (share < 19 ? half : most) / 1000);
  }
}

function showPace() {
  if (!isLive()) return;
  const now = Date.now() / 1000;
  const { accepted, lost, durations } = history.between(now - 60, now + 1);
  fill(byId("charts"), {
    rate: (accepted + lost) / 60,
    median: quantile(durations, 0.5),
    slow: quantile(durations, 0.95),
  });
}

// The connection

function showLive() {
  document.documentElement.dataset.link = "live";
  byId("link").textContent = _("Live");
  byId("lost").textContent = "";
  readDeliveries().catch(() => {});
  readInbox();
}

function showLost() {
  document.documentElement.dataset.link = "lost";
  last = null; // what happens meanwhile is not of the moment of the reconnection
  byId("link").textContent = _("Not live");
  const time = formats.clock(heard);
  byId("lost").textContent = heard
    ? _("Connection to the service lost. What you see is from {time}. Trying again …", { time })
    : _("Connection to the service lost. Trying again …");
  document.title = `${_("No connection")} · Notification Worker`;
  fetch("/stats", { method: "HEAD" })
    .then((response) => { if (response.status === 401) location.reload(); }) // to the sign-in
    .catch(() => {});
}

document.documentElement.classList.add("scripted");
for (const time of document.querySelectorAll("time[datetime]")) time.textContent = formats.clock(time.dateTime);
chart(byId("charts"), history);
takeOver(byId("answer"), readInbox);
destinations(byId("destinations"), isLive);
fleet(byId("fleet"), isLive, () => last?.topics ?? []);
filter.addEventListener("submit", (event) => { event.preventDefault(); readDeliveries().catch(() => {}); });
filter.addEventListener("input", () => readDeliveries().catch(() => {}));
readPast().catch(() => {}).then(() => setInterval(showPace, 1000));
setInterval(() => readReport().catch(() => {}), REPORT_EVERY);
setInterval(showUptime, 1000);
follow(inLanguage("/events"), { stats: showStats, delivery: takeDelivery, deed: takeDeed }, showLive, showLost);
