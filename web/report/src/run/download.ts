// The run to take away: as JSON, its steps and its epochs as CSV.
import { csv, download, json, type Offer } from "../download";
import type { Run } from "../run";

function stepsAsCsv({ steps }: Run): string {
  const columns = Object.entries(steps).filter(([, values]) => values.length > 0);
  return csv(
    columns.map(([name]) => name),
    steps.step.map((_, i) => columns.map(([, values]) => values[i])),
  );
}

function epochsAsCsv({ epochs }: Run): string {
  const columns = ["epoch", "step", "loss", "test_loss", "accuracy", "seconds"] as const;
  return csv(
    [...columns],
    epochs.map((epoch) => columns.map((name) => epoch[name])),
  );
}

/** `source` is the run as it was embedded. */
export function runData(run: Run, source: unknown): HTMLElement {
  const tables: Offer[] = [];
  if (run.steps.step.length > 0)
    tables.push({ title: "Steps as CSV", name: "-steps.csv", text: stepsAsCsv(run) });
  if (run.epochs.length > 0)
    tables.push({ title: "Epochs as CSV", name: "-epochs.csv", text: epochsAsCsv(run) });
  return download(run.title, "run", [...tables, json("The whole run as JSON", source)]);
}
