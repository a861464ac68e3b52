// The trade-off chart: two measures against each other, intervals in both directions, the front, the chosen one.
import * as Plot from "@observablehq/plot";
import {
  axis,
  axisMarks,
  chartStyle,
  described,
  nameAxes,
  tooltip,
  wide,
  type Axis,
} from "../chart";
import type { Measure } from "../data";
import { checkbox, h, responsive, section, select } from "../dom";
import { formatInterval, formatProbability, formatTick } from "../format";
import { addLabels, radius, type Positions } from "./point_labels";
import { colours, shapes, type Encoding } from "./palette";
import type { Study } from "../study";
import { defaultView, estimates, front, levelFirst, pointsOf, type Point, type View } from "./view";

function axisLabel(measure: Measure, arrows: [string, string]): string {
  const better = {
    maximise: `${arrows[1]} more is better`,
    minimise: `${arrows[0]} less is better`,
    none: "",
  }[measure.goal];
  return better === "" ? measure.label : `${measure.label} · ${better}`;
}

function tip(study: Study, view: View, point: Point): string {
  const line = (m: Measure) => {
    const interval = point.configuration.measures[m.name]!;
    const { estimate, range } = formatInterval(interval, m.unit, study.fraction(m.name));
    return `${m.label}: ${estimate}${range === "" ? "" : `  (${range})`}`;
  };
  const lines = [point.configuration.label + (point.chosen ? "  ★ chosen" : ""), line(view.y)];
  if (view.x !== view.y) lines.push(line(view.x));
  lines.push(`on the front: ${formatProbability(point.configuration.front_probability)}`);
  if (!point.configuration.feasible)
    lines.push(`violates ${point.configuration.violated.join(", ")}`);
  return lines.join("\n");
}

function measureAxis(
  study: Study,
  measure: Measure,
  log: boolean,
  values: (number | null)[],
  most: number,
): Axis {
  const fraction = study.fraction(measure.name);
  return axis(log, values, most, (value) => formatTick(value, measure.unit, fraction));
}

function marks(
  study: Study,
  view: View,
  points: Point[],
  axes: { x: Axis; y: Axis },
): Plot.Markish[] {
  const feasible = points.filter((p) => p.configuration.feasible);
  const infeasible = points.filter((p) => !p.configuration.feasible);
  const across = points.filter((p) => p.xLow !== null && p.xHigh !== null);
  const along = points.filter((p) => p.yLow !== null && p.yHigh !== null);
  const colourOf = (p: Point) =>
    p.configuration.feasible || feasible.length === 0 ? p.colour : null;
  const interval = { stroke: colourOf, strokeWidth: 1.5, strokeOpacity: 0.65 };
  return [
    ...axisMarks(axes.x, axes.y),
    Plot.line(front(points, view), {
      x: "x",
      y: "y",
      stroke: "var(--ink-soft)",
      strokeDasharray: "2 4",
      strokeWidth: 1.25,
      curve: levelFirst(view) ? "step-after" : "step-before",
    }),
    Plot.ruleY(across, { y: "y", x1: "xLow", x2: "xHigh", ...interval }),
    Plot.ruleX(along, { x: "x", y1: "yLow", y2: "yHigh", ...interval }),
    Plot.dot(
      points.filter((p) => p.chosen),
      { x: "x", y: "y", r: radius + 6, stroke: "var(--accent)", strokeWidth: 2 },
    ),
    Plot.dot(feasible, {
      x: "x",
      y: "y",
      r: radius,
      symbol: "shape",
      fill: "var(--paper)",
      stroke: "var(--paper)",
      strokeWidth: 4,
    }),
    Plot.dot(feasible, {
      x: "x",
      y: "y",
      r: radius,
      symbol: "shape",
      fill: "colour",
      stroke: "colour",
      strokeWidth: 2,
      fillOpacity: (p: Point) => p.configuration.front_probability,
    }),
    Plot.dot(infeasible, {
      x: "x",
      y: "y",
      r: radius,
      symbol: "shape",
      fill: "var(--paper)",
      stroke: colourOf,
      strokeWidth: 1.5,
    }),
    Plot.dot(infeasible, {
      x: "x",
      y: "y",
      r: 4,
      symbol: "times",
      stroke: colourOf,
      strokeWidth: 1.5,
    }),
    tooltip(points, "x", "y", (p) => tip(study, view, p)),
  ];
}

function description(study: Study, view: View, points: Point[]): string {
  const chosen = points.find((p) => p.chosen);
  const best = front(points, view).map((p) => p.configuration.label);
  return (
    `Scatter chart of ${points.length} configurations: ${view.y.label} against ${view.x.label}, with intervals. ` +
    (chosen ? `Chosen: ${tip(study, view, chosen).replaceAll("\n", "; ")}. ` : "None is chosen. ") +
    (best.length > 0 ? `On the front by estimate: ${best.join("; ")}. ` : "") +
    "The table of configurations holds every value."
  );
}

function draw(study: Study, view: View, width: number): Element {
  const points = pointsOf(study, view);
  if (points.length === 0)
    return h("p", { class: "muted" }, "No configuration has a value of both measures.");
  const narrow = width < 600;
  const height = Math.round(Math.min(Math.max(width * 0.56, 340), 560));
  const margin = { marginLeft: 74, marginRight: narrow ? 14 : 28, marginTop: 40, marginBottom: 48 };
  const x = measureAxis(
    study,
    view.x,
    view.xLog,
    points.flatMap((p) => [p.xLow, p.x, p.xHigh]),
    narrow ? 4 : 8,
  );
  const y = measureAxis(
    study,
    view.y,
    view.yLog,
    points.flatMap((p) => [p.yLow, p.y, p.yHigh]),
    7,
  );
  const chart = Plot.plot({
    width,
    height,
    ...margin,
    style: chartStyle,
    x: { type: x.type, domain: x.domain },
    y: { type: y.type, domain: y.domain },
    color: {
      type: "ordinal",
      domain: view.colour.domain,
      range: view.colour.range,
      unknown: "var(--ink-soft)",
    },
    symbol: { domain: view.shape.domain, range: view.shape.range as Plot.SymbolType[] },
    opacity: { type: "identity" },
    marks: marks(study, view, points, { x, y }),
  });
  const positions = { x: chart.scale("x")!.apply, y: chart.scale("y")!.apply } as Positions;
  const frame = {
    x: 70,
    y: 20,
    width: width - 70 - 2,
    height: height - 20 - margin.marginBottom - 2,
  };
  addLabels(chart, view, points, positions, frame, narrow);
  nameAxes(chart, { width, height }, axisLabel(view.x, ["←", "→"]), axisLabel(view.y, ["↓", "↑"]));
  return described(chart, description(study, view, points));
}

function legend(title: string, encoding: Encoding, kind: "colour" | "shape"): HTMLElement | null {
  if (encoding.knob === null) return null;
  const items = encoding.domain.map((value, i) => {
    const swatch = Plot.plot({
      width: 16,
      height: 16,
      margin: 0,
      axis: null,
      x: { domain: [-1, 1] },
      y: { domain: [-1, 1] },
      marks: [
        Plot.dot([0], {
          x: 0,
          y: 0,
          r: 5,
          strokeWidth: 1.5,
          symbol: kind === "shape" ? (encoding.range[i] as Plot.SymbolType) : "circle",
          fill: kind === "colour" ? encoding.range[i]! : "none",
          stroke: kind === "colour" ? encoding.range[i]! : "var(--ink)",
        }),
      ],
    });
    swatch.setAttribute("aria-hidden", "true");
    return h("span", { class: "key" }, swatch, String(value));
  });
  return h("span", { class: "keys" }, h("b", {}, title), ...items);
}

function reading(study: Study, view: View): string {
  const known = study.report.configurations.filter(
    (c) => c.measures[view.x.name] && c.measures[view.y.name],
  ).length;
  const points = pointsOf(study, view);
  const hidden = known - points.length;
  const { hypervolume } = study.report;
  const objectives = study.report.objectives.map((name) => study.measure(name).label);
  const sentences = [
    objectives.length === 1 &&
      `The fuller a symbol, the likelier it is the best in ${objectives[0]}.`,
    objectives.length > 1 &&
      `The fuller a symbol, the likelier it lies on the Pareto front of ${objectives.join(" and ")}.`,
    "Bars are intervals.",
    points.some((p) => !p.configuration.feasible) && "Crossed-out symbols violate a constraint.",
    study.chosen !== null && "The ring is the chosen configuration.",
    front(points, view).length > 1 && "The dotted line joins the front by estimates.",
    objectives.length > 1 &&
      `The front dominates ${formatProbability(hypervolume.estimate)} (${formatProbability(hypervolume.low ?? 0)} to ${formatProbability(hypervolume.high ?? 1)}) of the objectives' range.`,
    hidden > 0 && `A logarithmic axis leaves out ${hidden} with a value that is not positive.`,
  ];
  return sentences.filter(Boolean).join(" ");
}

export function tradeoff(study: Study): HTMLElement | null {
  const view = defaultView(study);
  if (view === null) return null;
  const keys = h("div", { class: "legend" });
  const note = h("p", { class: "caption" });
  const controls = h("div", { class: "controls" });
  const { figure, redraw } = responsive((width) => draw(study, view, width));
  const refresh = () => {
    keys.replaceChildren(
      ...[
        legend(view.colour.knob ?? "", view.colour, "colour"),
        legend(view.shape.knob ?? "", view.shape, "shape"),
      ].filter((k) => k !== null),
    );
    note.textContent = reading(study, view);
    redraw();
  };
  const measures = study.shown.map((m) => ({ value: m.name, text: m.label }));
  const knobs = study.knobs.map((k) => ({ value: k.name, text: k.name }));
  const logarithms = h("span", { class: "control-group" });
  const offerLogarithms = () =>
    logarithms.replaceChildren(
      ...(wide(estimates(study, view.x.name))
        ? [
            checkbox("log x", view.xLog, (on) => {
              view.xLog = on;
              refresh();
            }),
          ]
        : []),
      ...(wide(estimates(study, view.y.name))
        ? [
            checkbox("log y", view.yLog, (on) => {
              view.yLog = on;
              refresh();
            }),
          ]
        : []),
    );
  controls.append(
    select("Up", measures, view.y.name, (name) => {
      view.y = study.measure(name);
      view.yLog = wide(estimates(study, name));
      offerLogarithms();
      refresh();
    }),
    select("Across", measures, view.x.name, (name) => {
      view.x = study.measure(name);
      view.xLog = wide(estimates(study, name));
      offerLogarithms();
      refresh();
    }),
    logarithms,
  );
  if (knobs.length > 0) {
    controls.append(
      select("Colour", knobs, view.colour.knob ?? "", (name) => {
        view.colour = colours(study, name);
        refresh();
      }),
      select("Shape", knobs, view.shape.knob ?? "", (name) => {
        view.shape = shapes(study, name);
        refresh();
      }),
    );
  }
  offerLogarithms();
  refresh();
  return section("tradeoff", "What trades against what", null, controls, keys, figure, note);
}
