// A chart of ratios with intervals, a row each, on one logarithmic axis with 1 marked.
import * as Plot from "@observablehq/plot";
import { chartStyle, described } from "./chart";
import type { Interval, Verdict } from "./data";
import { formatRatio, formatTick, shorten } from "./format";
import { bounds, verdictWords } from "./study";
import { ratioTicks } from "./ticks";

export interface RatioRow {
  key: string;
  label: string;
  ratio: Interval;
  low: number;
  high: number;
  kind: Verdict | "aa";
}

export function ratioRow(
  key: string,
  label: string,
  ratio: Interval,
  kind: RatioRow["kind"],
): RatioRow {
  const [low, high] = bounds(ratio);
  return { key, label, ratio, low, high, kind };
}

export const drawable = (row: RatioRow): boolean => row.low > 0 && Number.isFinite(row.high);

/** As far from 1, either way, as the A/A arm's first interval reaches. */
function noiseBand(rows: RatioRow[]): { low: number; high: number }[] {
  const own = rows.find((r) => r.kind === "aa");
  if (own === undefined) return [];
  const reach = Math.max(own.high, 1 / own.low);
  return [{ low: 1 / reach, high: reach }];
}

function value(row: RatioRow): string {
  const { estimate, range } = formatRatio(row.ratio);
  return range === "" ? estimate : `${estimate}  (${range})`;
}

export function drawRatios(rows: RatioRow[], width: number): Element {
  const narrow = width < 640;
  const keys = rows.map((r) => r.key);
  const noise = noiseBand(rows);
  const low = Math.min(1, ...noise.map((n) => n.low), ...rows.map((r) => r.low));
  const high = Math.max(1, ...noise.map((n) => n.high), ...rows.map((r) => r.high));
  const air = Math.max((high / low) ** 0.04, 1.005);
  const domain: [number, number] = [low / air, high * air];
  const ticks = ratioTicks(domain, narrow ? 5 : 9);
  const colour = (r: RatioRow) => (r.kind === "aa" ? "var(--accent)" : `var(--${r.kind})`);
  const words = (r: RatioRow) => (r.kind === "aa" ? "" : `${verdictWords[r.kind].symbol} `);
  const text = {
    y: "key",
    fontSize: 12.5,
    fill: "var(--ink)",
    stroke: "var(--paper)",
    strokeWidth: narrow ? 5 : 0,
  };
  const labels = narrow
    ? [
        Plot.text(rows, {
          ...text,
          frameAnchor: "left",
          dy: -12,
          text: (r: RatioRow) => shorten(words(r) + r.label, 28),
        }),
        Plot.text(rows, {
          ...text,
          frameAnchor: "right",
          textAnchor: "end",
          dy: -12,
          fill: "var(--ink-soft)",
          text: value,
        }),
      ]
    : [
        Plot.text(rows, {
          ...text,
          frameAnchor: "left",
          textAnchor: "end",
          dx: -14,
          text: (r: RatioRow) => shorten(words(r) + r.label, 34),
        }),
        Plot.text(rows, {
          ...text,
          frameAnchor: "right",
          textAnchor: "start",
          dx: 14,
          fill: "var(--ink-soft)",
          text: value,
        }),
      ];
  const chart = Plot.plot({
    width,
    marginLeft: narrow ? 6 : 250,
    marginRight: narrow ? 6 : 170,
    marginTop: narrow ? 20 : 10,
    marginBottom: 44,
    height: rows.length * (narrow ? 44 : 27) + (narrow ? 64 : 54),
    style: { ...chartStyle, fontVariant: "tabular-nums" },
    x: {
      type: "log",
      domain,
    },
    y: { type: "point", domain: keys, axis: null, padding: 0.6 },
    marks: [
      Plot.gridX({ stroke: "var(--grid)", strokeOpacity: 1, ticks }),
      Plot.axisX(ticks, { text: (v: number) => `${formatTick(v, "1")}×`, label: null }),
      Plot.rectX(noise, { x1: "low", x2: "high", fill: "var(--accent)", fillOpacity: 0.14 }),
      Plot.ruleX([1], { stroke: "var(--ink)", strokeWidth: 1.25 }),
      Plot.ruleY(rows, {
        y: "key",
        x1: "low",
        x2: "high",
        stroke: colour,
        strokeWidth: 2.5,
        dy: narrow ? 4 : 0,
      }),
      Plot.dot(rows, {
        x: (r: RatioRow) => r.ratio.estimate,
        y: "key",
        r: 4.5,
        fill: colour,
        stroke: "var(--paper)",
        strokeWidth: 1.5,
        symbol: (r: RatioRow) => (r.kind === "aa" ? "diamond" : "circle"),
        dy: narrow ? 4 : 0,
      }),
      ...labels,
    ],
    symbol: { type: "identity" },
  });
  const told = (r: RatioRow) =>
    `${r.label}: ${value(r)}${r.kind === "aa" ? "" : `, ${verdictWords[r.kind].word}`}`;
  return described(chart, `Ratios with intervals: ${rows.map(told).join("; ")}.`);
}
