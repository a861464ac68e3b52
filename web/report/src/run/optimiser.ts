// What drove the loss: the learning rate, and how steep the slope was.
import { section } from "../dom";
import { formatTick, formatValue } from "../format";
import type { Run } from "../run";
import { multiples, type Series } from "../series";

export function optimiser(run: Run): HTMLElement | null {
  const series = (name: string, y: (number | null)[], noisy: boolean): Series => ({
    name,
    along: "step",
    x: run.steps.step,
    y,
    told: (v) => formatValue(v, ""),
    tick: (v, digits) => formatTick(v, "", false, digits),
    dots: false,
    noisy,
  });
  const charts = multiples([
    series("learning rate", run.steps.learning_rate, false),
    series("norm of the gradient", run.steps.gradient_norm, true),
  ]);
  return charts && section("optimiser", "Learning rate and gradient", null, charts);
}
