// One quantity over steps, epochs or time: a small line chart, alone or among others.
import * as Plot from "@observablehq/plot";
import {
  axis,
  axisMarks,
  chartStyle,
  courseAxis,
  described,
  ends,
  nameAxes,
  narrowBelow,
  tooltip,
  wide,
} from "./chart";
import { h, responsive } from "./dom";
import { formatTick, shorten } from "./format";
import { smoothed } from "./smoothing";

export interface Series {
  name: string;
  along: string; // what x counts: "step"
  x: number[];
  y: (number | null)[]; // a gap where null
  told: (y: number) => string; // a value, in words
  tick?: (y: number, significant: number) => string; // a value at the axis; as told, when absent
  at?: (x: number) => string; // a place along x; a bare number when absent
  dots: boolean; // few values, each of which counts
  noisy: boolean; // drawn faintly, with its course over it
}

const present = (series: Series): { x: number; y: number }[] =>
  series.x.flatMap((x, i) => {
    const y = series.y[i] ?? null;
    return y === null ? [] : [{ x, y }];
  });

export const hasValues = (series: Series): boolean => series.y.some((y) => y !== null);

function inWords(series: Series, at: (x: number) => string): string {
  const known = present(series);
  const [low, high] = ends(known.map((p) => p.y));
  const [first, last] = [known[0]!, known[known.length - 1]!];
  return (
    `Line chart of ${series.name} over ${series.along} ${at(first.x)} to ${at(last.x)}: ` +
    `first ${series.told(first.y)}, last ${series.told(last.y)}, ` +
    `least ${series.told(low)}, greatest ${series.told(high)}.`
  );
}

function draw(series: Series, width: number, height: number): Element {
  const known = present(series);
  const at = series.at ?? ((x: number) => formatTick(x, ""));
  const positive = known.every((p) => p.y > 0);
  const log = positive && wide(known.map((p) => p.y));
  const margin = { left: 64, right: 16, top: 30, bottom: 44 };
  const x = courseAxis(series.x, Math.floor(width / 90), at);
  const y = axis(
    log,
    known.map((p) => p.y),
    5,
    series.tick ?? series.told,
  );
  const course = (values: (number | null)[]) =>
    series.x.map((value, i) => ({ x: value, y: values[i] ?? null }));
  const line = (values: (number | null)[], stroke: string, strokeWidth: number) =>
    Plot.line(course(values), { x: "x", y: "y", stroke, strokeWidth });
  const chart = Plot.plot({
    width,
    height,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: margin.top,
    marginBottom: margin.bottom,
    style: chartStyle,
    x: { type: x.type, domain: x.domain, inset: 4 },
    y: { type: y.type, domain: y.domain },
    marks: [
      ...axisMarks(x, y),
      series.noisy ? line(series.y, "var(--thread)", 1) : null,
      line(series.noisy ? smoothed(series.y) : series.y, "var(--ink)", 1.75),
      series.dots || known.length === 1
        ? Plot.dot(known, { x: "x", y: "y", r: 3, fill: "var(--ink)", stroke: "var(--paper)" })
        : null,
      tooltip(
        known,
        "x",
        "y",
        (p) => `${series.along} ${at(p.x)}\n${shorten(series.name, 40)}: ${series.told(p.y)}`,
        Plot.pointerX,
      ),
    ],
  });
  const name = shorten(series.name, Math.floor((width - 10) / 7.5));
  nameAxes(chart, { width, height }, series.along, log ? `${name} (log)` : name);
  return described(chart, inWords(series, at));
}

/** A figure of the series, which has a value. */
export function seriesFigure(series: Series): HTMLElement {
  return responsive((width) => draw(series, width, width < narrowBelow ? 220 : 300)).figure;
}

/** Figures beside each other where there is room. */
export function multiples(series: Series[]): HTMLElement | null {
  const drawn = series.filter(hasValues);
  return drawn.length === 0 ? null : h("div", { class: "multiples" }, ...drawn.map(seriesFigure));
}
