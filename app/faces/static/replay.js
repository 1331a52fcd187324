// How far a replay of dead letters is.

import { fill } from "./bind.js";
import { ask } from "./forms.js";

const OFTEN = 500; // ms between two looks at a replay that runs
const SELDOM = 10_000; // ms between two looks otherwise: others may begin one

/** Keeps `state` up to date while `isLive`; `ended(replay)` is told when one has ended. */
export function watchReplay(state, isLive, ended) {
  let known = state.dataset.state === "running" ? null : undefined; // when the last one ended
  let timer;

  function show(replay) {
    fill(state, replay);
    state.dataset.state = replay.state;
    const bar = state.querySelector("progress");
    bar.max = replay.replayable || 1;
    bar.value = replay.replayed;
    if (known !== undefined && known !== replay.ended && replay.ended !== null) ended(replay);
    known = replay.ended;
  }

  function again() {
    clearTimeout(timer);
    timer = setTimeout(() => look().catch(() => {}), state.dataset.state === "running" ? OFTEN : SELDOM);
  }

  async function look() {
    again();
    if (document.hidden || !isLive()) return;
    show(await ask("GET", "/dead-letters/replay"));
    again();
  }

  look().catch(() => {});
}
