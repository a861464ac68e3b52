// The loss: of every batch, its course, and on the test set after each epoch.
import * as Plot from "@observablehq/plot";
import {
  axis,
  axisMarks,
  chartStyle,
  courseAxis,
  described,
  legend,
  nameAxes,
  narrowBelow,
  tooltip,
  wide,
} from "../chart";
import { checkbox, h, responsive, section } from "../dom";
import { formatNumber, formatTick, formatValue } from "../format";
import type { Run } from "../run";
import { smoothed } from "../smoothing";

interface Step {
  step: number;
  loss: number | null;
  mean: number | null;
}

interface Test {
  step: number;
  epoch: number;
  loss: number;
}

interface Losses {
  along: "step" | "epoch";
  perStep: boolean;
  steps: Step[];
  tests: Test[];
}

/** The training loss of steps, or of epochs where no step was kept. */
function lossesOf(run: Run): Losses {
  const perStep = run.steps.loss.some((v) => v !== null);
  const along = perStep || run.epochs.every((e) => e.step !== null) ? "step" : "epoch";
  const values = perStep ? run.steps.loss : run.epochs.map((e) => e.loss);
  const means = perStep ? smoothed(values) : values;
  const places = perStep ? run.steps.step : run.epochs.map((e) => e[along] ?? 0);
  return {
    along,
    perStep,
    steps: places.map((step, i) => ({ step, loss: values[i] ?? null, mean: means[i] ?? null })),
    tests: run.epochs.flatMap((e) => {
      const step = e[along];
      return e.test_loss === null || step === null
        ? []
        : [{ step, epoch: e.epoch, loss: e.test_loss }];
    }),
  };
}

function valuesOf({ steps, tests }: Losses): number[] {
  return [...steps.flatMap((s) => s.loss ?? []), ...tests.map((t) => t.loss)];
}

function inWords({ along, steps, tests }: Losses): string {
  const known = steps.filter((s) => s.mean !== null);
  const [first, last] = [known[0], known[known.length - 1]];
  const course =
    first === undefined || last === undefined
      ? "no training loss"
      : `training loss from ${formatValue(first.mean, "")} at ${along} ${formatNumber(first.step)} to ` +
        `${formatValue(last.mean, "")} at ${along} ${formatNumber(last.step)}`;
  const test = tests[tests.length - 1];
  const end = test ? `; last test loss ${formatValue(test.loss, "")}` : "";
  return `Line chart: ${course}${end}.`;
}

function draw(losses: Losses, log: boolean, width: number): Element {
  const drawn = (value: number | null) => (value === null || (log && value <= 0) ? null : value);
  const steps = losses.steps.map((s) => ({ ...s, loss: drawn(s.loss), mean: drawn(s.mean) }));
  const tests = losses.tests.filter((t) => drawn(t.loss) !== null);
  const narrow = width < narrowBelow;
  const height = narrow ? 300 : 400;
  const places = [...steps, ...tests].map((p) => p.step);
  const x = courseAxis(places, narrow ? 4 : 8, (v) => formatTick(v, ""));
  const y = axis(log, valuesOf({ ...losses, steps, tests }), 6, (v, digits) =>
    formatTick(v, "", false, digits),
  );
  const known = steps.filter((s) => s.loss !== null);
  const chart = Plot.plot({
    width,
    height,
    marginLeft: 64,
    marginRight: narrow ? 14 : 28,
    marginTop: 34,
    marginBottom: 46,
    style: chartStyle,
    x: { type: x.type, domain: x.domain, inset: 4 },
    y: { type: y.type, domain: y.domain },
    marks: [
      ...axisMarks(x, y),
      Plot.line(steps, { x: "step", y: "loss", stroke: "var(--thread)", strokeWidth: 1 }),
      known.length === 1 ? Plot.dot(known, { x: "step", y: "loss", fill: "var(--ink)" }) : null,
      Plot.line(steps, { x: "step", y: "mean", stroke: "var(--ink)", strokeWidth: 2.25 }),
      Plot.line(tests, { x: "step", y: "loss", stroke: "var(--accent)", strokeWidth: 1.5 }),
      Plot.dot(tests, {
        x: "step",
        y: "loss",
        r: tests.length > 40 ? 2.5 : 4,
        fill: "var(--accent)",
        stroke: "var(--paper)",
      }),
      tooltip(
        known,
        "step",
        "loss",
        (s) =>
          `${losses.along} ${formatNumber(s.step)}\nloss ${formatValue(s.loss, "")}, smoothed ${formatValue(s.mean, "")}`,
        Plot.pointerX,
      ),
      tooltip(
        tests,
        "step",
        "loss",
        (t) => `after epoch ${t.epoch}\ntest loss ${formatValue(t.loss, "")}`,
      ),
    ],
  });
  nameAxes(chart, { width, height }, losses.along, log ? "loss (log)" : "loss");
  return described(chart, inWords(losses));
}

export function loss(run: Run): HTMLElement | null {
  const losses = lossesOf(run);
  const values = valuesOf(losses);
  if (values.length === 0) return null;
  const positive = values.some((v) => v > 0);
  let log = positive && wide(values);
  const { figure, redraw } = responsive((width) => draw(losses, log, width));
  const missing = run.steps.loss.filter((v) => v === null).length;
  return section(
    "loss",
    "The loss, step by step",
    null,
    h(
      "div",
      { class: "controls" },
      positive &&
        checkbox("logarithmic", log, (on) => {
          log = on;
          redraw();
        }),
    ),
    legend([
      ...(losses.perStep
        ? [
            { swatch: "thread", text: "training, each batch" },
            { swatch: "strong", text: "training, smoothed" },
          ]
        : [{ swatch: "strong", text: "training, mean of each epoch" }]),
      ...(losses.tests.length > 0 ? [{ swatch: "marked", text: "test set, after an epoch" }] : []),
    ]),
    figure,
    missing === 0
      ? null
      : h(
          "p",
          { class: "caption" },
          `At ${formatNumber(missing)} of ${formatNumber(run.steps.loss.length)} steps the loss was not a finite number; the lines have gaps there.`,
        ),
  );
}
