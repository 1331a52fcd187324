// Dead letters on the status page: the newest of them, and how far a replay is.

import { list, rowFrom } from "./bind.js";
import { ask, tell } from "./forms.js";
import { watchReplay } from "./replay.js";
import { _ } from "./texts.js";

/** Keeps `section` up to date; returns a function that reads the newest dead letters. */
export function deadLetters(section, answer, isLive) {
  const rows = section.querySelector("[data-rows]");
  const makeRow = rowFrom(section.querySelector("template"));

  function make(letter, old, name) {
    const row = makeRow(letter, old, name);
    row.querySelector(".whole").href = `/dead-letters/${letter.id}`;
    const plan = row.querySelector(".to-plan");
    plan.href = `/dead-letters/plan?id=${letter.id}`;
    plan.hidden = letter.replayed !== null;
    return row;
  }

  async function read() {
    const note = section.querySelector(".note");
    try {
      const query = new URLSearchParams({ limit: section.dataset.most, group: section.dataset.group });
      const { dead_letters: letters } = await ask("GET", `/dead-letters?${query}`);
      list(rows, letters, (each) => each.id, make);
      note.hidden = true;
    } catch {
      note.textContent = _("Kafka could not be read: these may be old.");
      note.hidden = false;
    }
    section.querySelector(".empty").hidden = !note.hidden;
  }

  watchReplay(section.querySelector("#replay"), isLive, (replay) => {
    if (replay.state === "done") {
      tell(answer, "ok", _("{replayed} of {replayable} dead letters sent again.", replay));
    }
    read();
  });
  return read;
}
