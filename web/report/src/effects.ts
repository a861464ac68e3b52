// The A/A arm's own difference beside the effects claimed: one axis of ratios, 1 marked.
import * as Plot from "@observablehq/plot";
import type { Interval, Verdict } from "./data";
import { h, responsive, section } from "./dom";
import { formatRatio, formatTick, shorten } from "./format";
import { bounds, verdictWords, type Study } from "./study";
import { ratioTicks } from "./ticks";

interface Row {
  key: string;
  label: string;
  ratio: Interval;
  low: number;
  high: number;
  kind: Verdict | "aa";
}

/** The A/A arm's rows, the deciding measure first, and the claims from high to low. */
function rowsOf(study: Study): { own: Row[]; claimed: Row[] } {
  const { aa, configurations } = study.report;
  const row = (key: string, label: string, ratio: Interval, kind: Row["kind"]): Row => {
    const [low, high] = bounds(ratio);
    return { key, label, ratio, low, high, kind };
  };
  const deciding = study.deciding?.name;
  const own = Object.entries(aa.effect)
    .filter(([name]) => study.measure(name).source !== "artefact")
    .sort(([a], [b]) => Number(b === deciding) - Number(a === deciding))
    .map(([name, ratio]) => row(`aa:${name}`, `A/A: ${study.measure(name).label}`, ratio, "aa"));
  const claimed = configurations
    .flatMap((c) =>
      c.against_chosen
        ? [row(`c:${c.id}`, c.label, c.against_chosen.ratio, c.against_chosen.verdict)]
        : [],
    )
    .sort((a, b) => b.ratio.estimate - a.ratio.estimate);
  const drawable = (r: Row) => r.low > 0 && Number.isFinite(r.high);
  return { own: own.filter(drawable), claimed: claimed.filter(drawable) };
}

function distance(row: Row): number {
  return Math.abs(Math.log(row.ratio.estimate));
}

/** One chart when all effects are small; otherwise the A/A arm and the claims near it magnified, then every claim. */
function panels(own: Row[], claimed: Row[]): Row[][] {
  const all = [...own.slice(0, 1), ...claimed];
  const far = claimed.some((r) => distance(r) > Math.log(1.5));
  if (!far || own.length === 0) return [[...own, ...claimed]];
  const near = claimed.filter((r) => distance(r) < Math.log(1.1));
  return [[...own, ...near], all];
}

/** As far from 1, either way, as the A/A arm's first interval reaches. */
function noiseBand(rows: Row[]): { low: number; high: number }[] {
  const own = rows.find((r) => r.kind === "aa");
  if (own === undefined) return [];
  const reach = Math.max(own.high, 1 / own.low);
  return [{ low: 1 / reach, high: reach }];
}

function value(row: Row): string {
  const { estimate, range } = formatRatio(row.ratio);
  return range === "" ? estimate : `${estimate}  (${range})`;
}

function draw(rows: Row[], width: number): Element {
  const narrow = width < 640;
  const keys = rows.map((r) => r.key);
  const noise = noiseBand(rows);
  const low = Math.min(1, ...noise.map((n) => n.low), ...rows.map((r) => r.low));
  const high = Math.max(1, ...noise.map((n) => n.high), ...rows.map((r) => r.high));
  const air = Math.max((high / low) ** 0.04, 1.005);
  const domain: [number, number] = [low / air, high * air];
  const ticks = ratioTicks(domain, narrow ? 5 : 9);
  const colour = (r: Row) => (r.kind === "aa" ? "var(--accent)" : `var(--${r.kind})`);
  const words = (r: Row) => (r.kind === "aa" ? "" : `${verdictWords[r.kind].symbol} `);
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
          text: (r: Row) => shorten(words(r) + r.label, 28),
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
          text: (r: Row) => shorten(words(r) + r.label, 34),
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
    style: { fontSize: "12.5px", fontVariant: "tabular-nums" },
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
        x: (r: Row) => r.ratio.estimate,
        y: "key",
        r: 4.5,
        fill: colour,
        stroke: "var(--paper)",
        strokeWidth: 1.5,
        symbol: (r: Row) => (r.kind === "aa" ? "diamond" : "circle"),
        dy: narrow ? 4 : 0,
      }),
      ...labels,
    ],
    symbol: { type: "identity" },
  });
  chart.setAttribute("role", "img");
  chart.setAttribute(
    "aria-label",
    `Ratios with intervals: ${rows.map((r) => `${r.label}: ${value(r)}${r.kind === "aa" ? "" : `, ${verdictWords[r.kind].word}`}`).join("; ")}.`,
  );
  return chart;
}

export function effects(study: Study): HTMLElement | null {
  const { own, claimed } = rowsOf(study);
  const charts = panels(own, claimed).filter((rows) => rows.length > 0);
  if (charts.length === 0) return null;
  const figures = charts.flatMap((rows, i) => [
    charts.length > 1
      ? h("h3", { class: "panel" }, i === 0 ? "The noise, magnified" : "Every effect claimed")
      : null,
    responsive((width) => draw(rows, width)).figure,
  ]);
  const { aa } = study.report;
  const twin =
    study.report.configurations.find((c) => c.id === aa.configuration)?.label ??
    "one configuration";
  const lead =
    `${twin} was measured twice in every block, under two names. How far it seems to differ from itself is what this ` +
    "host's noise alone can feign (the shaded band); believe only effects that reach beyond it.";
  const lag = Object.entries(aa.lag1)
    .filter(([name]) => study.measure(name).source !== "artefact")
    .map(([name, r]) => `${study.measure(name).label} ${r.toFixed(2).replace("-", "\u2212")}`)
    .join(", ");
  const deciding = study.deciding?.label ?? "";
  const note = `Ratios of ${deciding}, each configuration ÷ the chosen one; A/A: twin ÷ original. `;
  return section(
    "effects",
    aa.passed ? "Effects beside the noise" : "Effects beside the noise: the A/A check failed",
    lead,
    ...figures,
    h(
      "p",
      { class: "caption" },
      note,
      "▲ better  ▼ worse  = equivalent  ? undecided.",
      lag === "" ? "" : ` Autocorrelation of the A/A log ratios from block to block: ${lag}.`,
    ),
  );
}
