// The pages about dead letters. Without it they are the same, as of the time they were loaded.

import { formats } from "./format.js";
import { watchReplay } from "./replay.js";
import { _ } from "./texts.js";

const state = document.getElementById("replay");
const choose = document.getElementById("choose");

/** Says how many are ticked, and lets all of a page be ticked at once. */
function count() {
  const boxes = [...choose.querySelectorAll('input[name="id"]')];
  const causes = choose.querySelectorAll('input[name="cause"]:checked').length;
  const ticked = boxes.filter((box) => box.checked).length;
  const words = [];
  if (ticked) words.push(_("{number} ticked", { number: formats.number(ticked) }));
  if (causes === 1) words.push(_("all of 1 cause"));
  if (causes > 1) words.push(_("all of {number} causes", { number: formats.number(causes) }));
  document.getElementById("ticked").textContent = words.join(", ");
  const every = document.getElementById("every");
  every.checked = boxes.length > 0 && ticked === boxes.length;
  every.indeterminate = ticked > 0 && ticked < boxes.length;
}

for (const time of document.querySelectorAll("time[datetime]")) time.textContent = formats.clock(time.dateTime);
watchReplay(state, () => true, () => location.reload());
if (choose && document.getElementById("every")) {
  const every = document.getElementById("every");
  every.hidden = false;
  every.addEventListener("change", () => {
    for (const box of choose.querySelectorAll('input[name="id"]')) box.checked = every.checked;
  });
  choose.addEventListener("change", count);
  count();
}
