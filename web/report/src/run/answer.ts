// The answer of a run: what became of it, in a sentence, figures and warnings.
import { answerSection, banner, figures, list, type Figure } from "../answer";
import { h } from "../dom";
import { formatNumber, formatValue } from "../format";
import type { Epoch, Run } from "../run";
import { smoothed } from "../smoothing";

const stateWords: Record<Run["state"], string> = {
  "": "",
  running: "still running when this page was written",
  finished: "finished",
  interrupted: "interrupted",
  killed: "killed",
  failed: "failed",
};

interface Known {
  epoch: number;
  value: number;
}

function known(run: Run, field: "accuracy" | "test_loss"): Known[] {
  return run.epochs.flatMap((e: Epoch) => {
    const value = e[field];
    return value === null ? [] : [{ epoch: e.epoch, value }];
  });
}

/** The last epoch's value, and the best one's where that is another. */
function atTheEnd(
  label: string,
  values: Known[],
  better: (a: number, b: number) => boolean,
  words: (value: number) => string,
): Figure[] {
  const last = values[values.length - 1];
  if (last === undefined) return [];
  const best = values.reduce((a, b) => (better(b.value, a.value) ? b : a));
  const note = best.value === last.value ? "" : `best ${words(best.value)} in epoch ${best.epoch}`;
  return [{ label, value: words(last.value), note }];
}

export function stepsDone(run: Run): number {
  const last = run.epochs[run.epochs.length - 1];
  return Math.max(run.steps.step[run.steps.step.length - 1] ?? 0, last?.step ?? 0);
}

function figuresOf(run: Run): Figure[] {
  const items: Figure[] = [
    ...atTheEnd(
      "test accuracy",
      known(run, "accuracy"),
      (a, b) => a > b,
      (v) => formatValue(v, "1", true),
    ),
    ...atTheEnd(
      "test loss",
      known(run, "test_loss"),
      (a, b) => a < b,
      (v) => formatValue(v, ""),
    ),
  ];
  const training = smoothed(run.steps.loss).filter((v) => v !== null);
  if (training.length > 0)
    items.push({
      label: "training loss",
      value: formatValue(training[training.length - 1], ""),
      note:
        training.length > 1
          ? `mean of the last steps; ${formatValue(training[0], "")} of the first`
          : "",
    });
  const steps = stepsDone(run);
  const epochs = run.epochs.length;
  if (steps > 0)
    items.push({
      label: steps === 1 ? "step" : "steps",
      value: formatNumber(steps),
      note: epochs === 0 ? "" : `${epochs} ${epochs === 1 ? "epoch" : "epochs"}`,
    });
  const seconds = run.epochs.reduce((sum, e) => sum + (e.seconds ?? 0), 0);
  if (seconds > 0)
    items.push({
      label: "time in epochs",
      value: formatValue(seconds, "s"),
      note: epochs > 1 ? `${formatValue(seconds / epochs, "s")} each` : "",
    });
  return items;
}

export function answer(run: Run): HTMLElement {
  const failed = run.state === "failed";
  const about = [run.title, stateWords[run.state]].filter((part) => part !== "").join(", ");
  return answerSection(
    failed
      ? [banner("The run failed.", ...run.warnings, "The page shows what was recorded until then.")]
      : [],
    run.answer === "" ? stateWords[run.state] : about,
    run.answer || run.title || "This run has no answer yet.",
    figures([], figuresOf(run)),
    failed ? null : h("div", { class: "columns" }, list("Warnings", run.warnings, "undecided")),
  );
}
