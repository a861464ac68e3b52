// What the trade-off chart shows: which measures, which points, and the front among them. No drawing here.
import { wide } from "../chart";
import type { Configuration, Measure } from "../data";
import { colours, defaultKnobs, shapes, type Encoding } from "./palette";
import type { Study } from "../study";

export interface Point {
  configuration: Configuration;
  x: number;
  y: number;
  xLow: number | null;
  xHigh: number | null;
  yLow: number | null;
  yHigh: number | null;
  chosen: boolean;
  colour: string | number;
  shape: string | number;
}

export interface View {
  x: Measure;
  y: Measure;
  xLog: boolean;
  yLog: boolean;
  colour: Encoding;
  shape: Encoding;
}

export function estimates(study: Study, name: string): number[] {
  return study.report.configurations.flatMap((c) => c.measures[name]?.estimate ?? []);
}

function ranks(values: number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return values.map((v) => (sorted.indexOf(v) + sorted.lastIndexOf(v)) / 2);
}

function correlation(a: number[], b: number[]): number {
  const mean = (v: number[]) => v.reduce((sum, x) => sum + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  const dot = (f: (i: number) => number) => a.reduce((sum, _, i) => sum + f(i), 0);
  const scale = Math.sqrt(dot((i) => (a[i]! - ma) ** 2) * dot((i) => (b[i]! - mb) ** 2));
  return scale === 0 ? 1 : dot((i) => (a[i]! - ma) * (b[i]! - mb)) / scale;
}

/** The second measure when only one decides: accuracy, or else the one whose ranks tell most that is new. */
function companion(study: Study, first: Measure): Measure {
  const others = study.shown.filter((m) => m.name !== first.name);
  const accuracy = others.find(
    (m) => m.name === "accuracy" && new Set(estimates(study, m.name)).size > 1,
  );
  if (accuracy !== undefined) return accuracy;
  const novelty = (m: Measure) => {
    const both = study.report.configurations.filter(
      (c) => c.measures[m.name] && c.measures[first.name],
    );
    const values = (name: string) => ranks(both.map((c) => c.measures[name]!.estimate));
    return both.length < 3 ? 1 : Math.abs(correlation(values(first.name), values(m.name)));
  };
  return [...others].sort((a, b) => novelty(a) - novelty(b))[0] ?? first;
}

export function defaultView(study: Study): View | null {
  const first = study.shown[0];
  if (first === undefined) return null;
  const second =
    study.report.objectives.length > 1 ? (study.shown[1] ?? first) : companion(study, first);
  const knobs = defaultKnobs(study);
  return {
    x: second,
    y: first,
    xLog: wide(estimates(study, second.name)),
    yLog: wide(estimates(study, first.name)),
    colour: colours(study, knobs.colour),
    shape: shapes(study, knobs.shape),
  };
}

export function pointsOf(study: Study, view: View): Point[] {
  return study.report.configurations.flatMap((configuration) => {
    const x = configuration.measures[view.x.name];
    const y = configuration.measures[view.y.name];
    if (x === undefined || y === undefined) return [];
    if ((view.xLog && x.estimate <= 0) || (view.yLog && y.estimate <= 0)) return [];
    const bound = (value: number | null, log: boolean) =>
      value === null || (log && value <= 0) ? null : value;
    return [
      {
        configuration,
        x: x.estimate,
        y: y.estimate,
        xLow: bound(x.low, view.xLog),
        xHigh: bound(x.high, view.xLog),
        yLow: bound(y.low, view.yLog),
        yHigh: bound(y.high, view.yLog),
        chosen: configuration === study.chosen,
        colour: view.colour.of(configuration),
        shape: view.shape.of(configuration),
      },
    ];
  });
}

/** Feasible points that no other feasible point beats in both measures, by their estimates. */
export function front(points: Point[], view: View): Point[] {
  if (view.x.goal === "none" || view.y.goal === "none" || view.x === view.y) return [];
  const cost = (p: Point) =>
    [view.x.goal === "minimise" ? p.x : -p.x, view.y.goal === "minimise" ? p.y : -p.y] as const;
  const feasible = points.filter((p) => p.configuration.feasible);
  const beaten = (p: Point) =>
    feasible.some((q) => {
      const [a, b] = [cost(p), cost(q)];
      return b[0] <= a[0] && b[1] <= a[1] && (b[0] < a[0] || b[1] < a[1]);
    });
  return feasible.filter((p) => !beaten(p)).sort((a, b) => a.x - b.x);
}

/** From left to right, the edge of what the front dominates is level until the next point where less x is better. */
export function levelFirst(view: View): boolean {
  return view.x.goal === "minimise";
}
