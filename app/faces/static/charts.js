// Throughput and latency over time, drawn as SVG from what the event stream brings.

import { formats, show } from "./format.js";
import { _ } from "./texts.js";

const STEP = 2; // seconds of one slot, and the finest bar
const KEPT = 3600;
const SAMPLES = 100; // durations remembered of one slot
const BARS = 150;
const LEFT = 50;
const BOTTOM = 18;

/** Attempts by time, for the last hour. Times are in seconds since the epoch. */
export class History {
  #slots = new Map();

  add(time, accepted, lost) {
    const slot = this.#slot(time);
    slot.accepted += accepted;
    slot.lost += lost;
  }

  took(time, seconds) {
    const { durations } = this.#slot(time);
    if (durations.length < SAMPLES) durations.push(seconds);
    else durations[Math.floor(Math.random() * SAMPLES)] = seconds;
  }

  /** What happened from `start` to `end`, with the durations sorted. */
  between(start, end) {
    const sum = { accepted: 0, lost: 0, durations: [] };
    for (let key = Math.ceil(start / STEP); key * STEP < end; key += 1) {
      const slot = this.#slots.get(key);
      if (!slot) continue;
      sum.accepted += slot.accepted;
      sum.lost += slot.lost;
      sum.durations.push(...slot.durations);
    }
    sum.durations.sort((a, b) => a - b);
    return sum;
  }

  #slot(time) {
    const key = Math.floor(time / STEP);
    if (!this.#slots.has(key)) {
      this.#slots.set(key, { accepted: 0, lost: 0, durations: [] });
      const [oldest] = this.#slots.keys();
      if (oldest < key - KEPT / STEP) this.#slots.delete(oldest);
    }
    return this.#slots.get(key);
  }
}

/** The nearest-rank quantile of sorted values, or null of none. */
export function quantile(values, share) {
  return values.length ? values[Math.min(Math.floor(values.length * share), values.length - 1)] : null;
}

/** Draws both charts below `section` and keeps them at the present. */
export function chart(section, history) {
  let minutes = 5;
  const views = [
    new View(section.querySelector('[data-chart="throughput"]'), throughput),
    new View(section.querySelector('[data-chart="latency"]'), latency),
  ];

  function draw() {
    // Without a connection the past stands still: an empty bar would mean that nothing happened.
    if (document.hidden || document.documentElement.dataset.link === "lost") return;
    const step = (minutes * 60) / BARS;
    const end = Math.floor(Date.now() / 1000 / step + 1) * step;
    const bars = Array.from({ length: BARS }, (_, index) => {
      const start = end - (BARS - index) * step;
      return { start, step, ...history.between(start, start + step) };
    });
    for (const view of views) view.draw(bars, minutes);
  }

  for (const button of section.querySelectorAll("[data-minutes]")) {
    button.addEventListener("click", () => {
      minutes = Number(button.dataset.minutes);
      for (const other of section.querySelectorAll("[data-minutes]")) {
        other.ariaPressed = String(other === button);
      }
      draw();
    });
  }
  new ResizeObserver(draw).observe(section);
  setInterval(draw, 1000);
}

/** One figure: axes, bars and the reading under the pointer. */
class View {
  #svg;
  #tip;
  #measure;
  #pointer = null;

  constructor(figure, measure) {
    this.#svg = figure.querySelector("svg");
    this.#tip = figure.querySelector("output");
    this.#measure = measure;
    this.#svg.addEventListener("pointermove", (event) => { this.#pointer = event.offsetX; });
    this.#svg.addEventListener("pointerleave", () => { this.#pointer = null; });
  }

  draw(bars, minutes) {
    const style = getComputedStyle(this.#svg);
    const width = this.#svg.clientWidth - 2 * parseFloat(style.paddingLeft);
    if (width <= LEFT) return; // not laid out yet, or hidden
    const height = this.#svg.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const box = { width, height: height - BOTTOM, bar: (width - LEFT) / BARS };
    const { ticks, y, paths, tell } = this.#measure(bars, box);
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.replaceChildren(
      ...ticks.flatMap(([value, label]) => [
        make("line", { class: "grid", x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
        make("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, label),
      ]),
      ...["start", "middle", "end"].map((anchor, index) => make(
        "text",
        { x: LEFT + ((width - LEFT) * index) / 2, y: height - 3, "text-anchor": anchor },
        index === 2 ? _("now") : _("−{minutes} min", { minutes: (minutes * (2 - index)) / 2 }),
      )),
      ...Object.entries(paths).map(([name, d]) => make("path", { class: name, d })),
      ...this.#point(bars, box, style, tell),
    );
  }

  #point(bars, box, style, tell) {
    const x = this.#pointer === null ? -1 : this.#pointer - parseFloat(style.paddingLeft) - LEFT;
    const bar = bars[Math.floor(x / box.bar)];
    this.#tip.hidden = !bar;
    if (!bar) return [];
    const at = LEFT + Math.floor(x / box.bar) * box.bar;
    this.#tip.textContent = `${formats.clock(bar.start * 1000)}  ${tell(bar)}`;
    this.#tip.style.left = `${Math.min(at, box.width - this.#tip.offsetWidth)}px`;
    return [make("rect", { class: "cursor", x: at, y: 0, width: box.bar, height: box.height })];
  }
}

function throughput(bars, box) {
  const highest = Math.max(...bars.map((bar) => (bar.accepted + bar.lost) / bar.step));
  const top = [1, 2, 5, 10].map((n) => n * 10 ** Math.floor(Math.log10(highest || 1)))
    .find((n) => n >= highest);
  const y = (value) => box.height - (value / top) * (box.height - 8);
  const paths = { accepted: "", lost: "" };
  bars.forEach((bar, index) => {
    const accepted = bar.accepted / bar.step;
    const lost = bar.lost / bar.step;
    if (accepted) paths.accepted += block(box, index, y(0), y(accepted));
    if (lost) paths.lost += block(box, index, y(accepted), y(accepted + lost));
  });
  return {
    y,
    paths,
    ticks: [0, top / 2, top].map((value) => [value, value === 0 ? "0" : String(+value.toPrecision(2))]),
    tell: (bar) => _("{accepted}/s accepted, {lost}/s not", {
      accepted: show(bar.accepted / bar.step, "rate"),
      lost: show(bar.lost / bar.step, "rate"),
    }),
  };
}

function latency(bars, box) {
  const spreads = bars.map(({ durations }) => [quantile(durations, 0.5), quantile(durations, 0.95)]);
  const known = spreads.flat().filter((value) => value !== null);
  const decade = (value) => Math.floor(Math.log10(Math.max(value, 0.0001)));
  const low = known.length ? decade(Math.min(...known)) : -3;
  const high = Math.max(low + 2, known.length ? decade(Math.max(...known)) + 1 : 0);
  const y = (value) => {
    const share = (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low);
    return box.height - share * (box.height - 8);
  };
  const paths = { spread: "", median: "" };
  spreads.forEach(([median, slow], index) => {
    if (median === null) return;
    paths.spread += block(box, index, y(median), Math.min(y(slow), y(median) - 1));
    paths.median += block(box, index, y(median) + 1, y(median) - 1);
  });
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return {
    y,
    paths,
    ticks: ticks.map((value) => [value, value < 1 ? `${+(value * 1000).toPrecision(1)} ms` : `${value} s`]),
    tell: ({ durations }) => _("{median} median, {slow} p95", {
      median: show(quantile(durations, 0.5), "took"),
      slow: show(quantile(durations, 0.95), "took"),
    }),
  };
}

function block(box, index, bottom, top) {
  const gap = box.bar > 4 ? 1 : 0.4;
  return `M${LEFT + index * box.bar} ${bottom}V${top}h${box.bar - gap}V${bottom}z`;
}

function make(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}
