// Dead letters: the newest of them, and their replay with its plan and its progress.

import { fill, list, rowFrom } from "./bind.js";
import { ask, tell } from "./forms.js";

const PATH = "/dead-letters/replay";
const OFTEN = 500; // ms between two looks at a replay that runs
const SELDOM = 10_000; // ms between two looks otherwise: others may begin one

/**
 * Keeps `section` up to date and takes its forms over; what they lead to is said in `answer`.
 * Returns a function that reads the newest dead letters.
 */
export function deadLetters(section, answer, isLive) {
  const plan = section.querySelector("#plan");
  const confirm = plan.querySelector("form");
  const state = section.querySelector("#replay");
  const rows = section.querySelector("[data-rows]");
  const makeRow = rowFrom(section.querySelector("template"));
  let chosenFrom = null; // what had the focus before the plan was shown
  let ended; // when the last replay that is known of did
  let timer;

  function make(letter, old, name) {
    const row = makeRow(letter, old, name);
    row.querySelector("a").href = `/dead-letters/${letter.id}`;
    const button = row.querySelector("button");
    button.value = letter.id;
    button.hidden = letter.replayed !== null;
    return row;
  }

  async function read() {
    const note = section.querySelector(".note");
    try {
      const { dead_letters: letters } = await ask("GET", `/dead-letters?limit=${section.dataset.most}`);
      list(rows, letters, (each) => each.id, make);
      note.hidden = true;
    } catch {
      note.textContent = "Kafka could not be read: these may be old.";
      note.hidden = false;
    }
    section.querySelector(".empty").hidden = !note.hidden;
  }

  async function showPlan(choice, button) {
    const replay = await ask("POST", PATH, { ...selection(choice), dry_run: true });
    fill(plan, { ...replay, choice: described(choice) });
    plan.querySelector(".planned").hidden = false;
    plan.querySelector(".unplanned").hidden = true;
    confirm.elements.replay.value = choice;
    confirm.querySelector("button").disabled = replay.replayable === 0;
    plan.hidden = false;
    chosenFrom = button;
    plan.querySelector("h3").focus();
  }

  function hidePlan() {
    plan.hidden = true;
    chosenFrom?.focus();
  }

  async function begin(choice) {
    hidePlan();
    showProgress(await ask("POST", PATH, selection(choice)));
  }

  function showProgress(replay) {
    const was = state.dataset.state;
    fill(state, replay);
    state.dataset.state = replay.state;
    const bar = state.querySelector("progress");
    bar.max = replay.replayable || 1;
    bar.value = replay.replayed;
    if (was === "running" && replay.state === "done") {
      tell(answer, "ok", `${replay.replayed} of ${replay.replayable} dead letters sent again.`);
    }
    if (ended !== undefined && ended !== replay.ended && replay.ended !== null) read();
    ended = replay.ended;
    clearTimeout(timer);
    timer = setTimeout(look, replay.state === "running" ? OFTEN : SELDOM);
  }

  async function look() {
    timer = setTimeout(look, SELDOM);
    if (document.hidden || !isLive()) return;
    showProgress(await ask("GET", PATH));
  }

  section.addEventListener("submit", async (event) => {
    const form = event.target;
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    const choice = new FormData(form, event.submitter).get("replay");
    form.ariaBusy = "true";
    try {
      await (form === confirm ? begin(choice) : showPlan(choice, event.submitter));
    } catch (error) {
      tell(answer, "bad", error.message);
    } finally {
      form.ariaBusy = "false";
    }
  });
  confirm.querySelector("a").addEventListener("click", (event) => {
    event.preventDefault();
    hidePlan();
  });
  look().catch(() => {});
  return read;
}

function selection(choice) {
  if (choice === "all") return { filter: {} };
  return choice.includes("/") ? { ids: [choice] } : { filter: { reason: choice } };
}

/** What is replayed, in words; app/faces/dashboard/replays.py has the same. */
function described(choice) {
  if (choice === "all") return "all dead letters";
  return choice.includes("/") ? `dead letter ${choice}` : `all with the reason ${choice}`;
}
