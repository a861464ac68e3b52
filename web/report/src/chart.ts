// What the charts share: axes, tooltips, legends, and the words for those who cannot see them.
import * as Plot from "@observablehq/plot";
import { h, svg } from "./dom";
import { logarithmicTicks, tickDigits } from "./ticks";

export const chartStyle = { fontSize: "12.5px" };

/** Below this width, in pixels, a chart is drawn for a telephone. */
export const narrowBelow = 600;

/** Above this ratio of largest to smallest a logarithmic axis is offered, and the default. */
const logarithmicSpread = 20;

export function wide(values: number[]): boolean {
  const [low, high] = ends(values.filter((v) => v > 0));
  return high / low > logarithmicSpread;
}

/** The least and the greatest; of thousands of values too, which a call's arguments could not hold. */
export function ends(values: number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The axis' domain with a little air; a single value gets room on both sides. */
function domain(values: number[], log: boolean): [number, number] {
  const [low, high] = ends(values);
  if (log) {
    const air = Math.max((high / low) ** 0.06, 1.05);
    return [low / air, high * air];
  }
  const air = high === low ? Math.abs(high) * 0.1 || 1 : (high - low) * 0.06;
  return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
}

/** An axis and its ticks. Labels are `text`, because a logarithmic scale thins those of a `tickFormat`. */
export interface Axis {
  type: "log" | "linear";
  domain: [number, number];
  ticks: number | number[];
  text: (value: number) => string;
}

/** An axis over these values, of which there is at least one, with at most about `most` ticks. */
export function axis(
  log: boolean,
  values: (number | null)[],
  most: number,
  text: (value: number, significant: number) => string,
): Axis {
  const extent = domain(
    values.filter((v) => v !== null),
    log,
  );
  return {
    type: log ? "log" : "linear",
    domain: extent,
    ticks: log ? logarithmicTicks(extent, most) : most,
    text: (value) => text(value, log ? 4 : tickDigits(extent, most)),
  };
}

/** The axis that a line is drawn along: without air at its ends, whole places alone where these are few. */
export function courseAxis(places: number[], most: number, text: (value: number) => string): Axis {
  const [first, last] = ends(places);
  const few = places.every(Number.isInteger) && last - first < most;
  const ticks = few ? Array.from({ length: last - first + 1 }, (_, i) => first + i) : most;
  const domain: [number, number] = first === last ? [first - 1, last + 1] : [first, last];
  return { type: "linear", domain, ticks, text };
}

/** Grid and labels of both axes. */
export function axisMarks(x: Axis, y: Axis): Plot.Markish[] {
  const grid = { stroke: "var(--grid)", strokeOpacity: 1 };
  return [
    Plot.gridX({ ...grid, ticks: x.ticks }),
    Plot.gridY({ ...grid, ticks: y.ticks }),
    Plot.axisX({ ticks: x.ticks, text: x.text, label: null }),
    Plot.axisY({ ticks: y.ticks, text: y.text, label: null }),
  ];
}

/** Writes the axes' names at the ends of the axes: that of x below to the right, that of y above to the left. */
export function nameAxes(
  chart: Element,
  size: { width: number; height: number },
  x: string,
  y: string,
): void {
  const name = (at: object, text: string) =>
    chart.append(svg("text", { ...at, class: "axis-label" }, text));
  name({ x: 2, y: 14, "text-anchor": "start" }, y);
  name({ x: size.width - 4, y: size.height - 6, "text-anchor": "end" }, x);
}

/** A tooltip at the datum nearest to the pointer. */
export function tooltip<Datum>(
  data: Datum[],
  x: string,
  y: string,
  title: (datum: Datum) => string,
  pointer: typeof Plot.pointer = Plot.pointer,
): Plot.Markish {
  return Plot.tip(
    data,
    pointer({
      x,
      y,
      title,
      maxRadius: 30,
      fontSize: 13,
      lineHeight: 1.35,
      lineWidth: 40,
      fill: "var(--raised)",
      stroke: "var(--line)",
    }),
  );
}

/** A chart is one picture to a screen reader, and this text is what it shows. */
export function described<Chart extends Element>(chart: Chart, text: string): Chart {
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", text);
  return chart;
}

export interface Key {
  swatch: string; // a class of style.css
  text: string;
}

export function legend(keys: Key[]): HTMLElement {
  return h(
    "p",
    { class: "legend" },
    ...keys.map(({ swatch, text }) =>
      h("span", {}, h("span", { class: `swatch ${swatch}` }), text),
    ),
  );
}
