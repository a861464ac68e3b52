// Options, checkpoints and provenance as definition lists.
import { section } from "../dom";
import { card, cards, definitions, entriesOf, type Definition } from "../facts";
import { formatNumber, formatValue } from "../format";
import type { Run } from "../run";

function checkpoints(run: Run): Definition[] {
  const { written, writing_seconds, waiting_seconds, bytes } = run.checkpoints;
  if (written === 0) return [];
  return [
    ["Written", formatNumber(written)],
    ["Size", formatValue(bytes, "B")],
    ["Writing", `${formatValue(writing_seconds, "s")}, beside the training`],
    ["Waiting", `${formatValue(waiting_seconds, "s")} that training stood still`],
  ];
}

export function facts(run: Run): HTMLElement | null {
  const filled = [
    { title: "Options", entries: entriesOf(run.options) },
    { title: "Checkpoints", entries: checkpoints(run) },
    { title: "Provenance", entries: entriesOf(run.provenance) },
  ].filter(({ entries }) => entries.length > 0);
  if (filled.length === 0) return null;
  return section(
    "facts",
    "What stands behind it",
    null,
    cards(...filled.map(({ title, entries }) => card(title, definitions(entries)))),
  );
}
