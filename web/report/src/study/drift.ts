// Drift: every replicate relative to its configuration's median, block after block. What all lines share is the host.
import * as Plot from "@observablehq/plot";
import { chartStyle, described, legend, tooltip } from "../chart";
import { h, responsive, section, select } from "../dom";
import { formatValue } from "../format";
import { median, valueOf, type Study } from "../study";
import { ratioTicks } from "../ticks";

interface Run {
  arm: string; // configuration id, or "aa" for the hidden twin
  label: string;
  block: number;
  ratio: number; // to the arm's median
  value: number;
}

interface Lost {
  block: number;
  label: string;
  outcome: string;
}

function runsOf(study: Study, measure: string): Run[] {
  const arms = new Map<string, Run[]>();
  const labels = new Map(study.report.configurations.map((c) => [c.id, c.label]));
  for (const replicate of study.report.replicates) {
    const value = valueOf(replicate, measure);
    if (value === null || value <= 0) continue;
    const arm = replicate.aa ? "aa" : String(replicate.configuration);
    const label = (labels.get(replicate.configuration) ?? "") + (replicate.aa ? " (A/A twin)" : "");
    if (!arms.has(arm)) arms.set(arm, []);
    arms.get(arm)!.push({ arm, label, block: replicate.block, ratio: 1, value });
  }
  return [...arms.values()].flatMap((runs) => {
    const middle = median(runs.map((r) => r.value));
    return runs
      .map((run) => ({ ...run, ratio: run.value / middle }))
      .sort((a, b) => a.block - b.block);
  });
}

function lostOf(study: Study): Lost[] {
  const labels = new Map(study.report.configurations.map((c) => [c.id, c.label]));
  return study.report.replicates
    .filter((r) => r.outcome !== "ok")
    .map((r) => ({
      block: r.block,
      label: labels.get(r.configuration) ?? "",
      outcome: r.outcome === "failed" ? "failed" : "timed out",
    }));
}

/** The median over all arms of each block: the host's own course. */
function host(runs: Run[]): { block: number; ratio: number }[] {
  const blocks = [...new Set(runs.map((r) => r.block))].sort((a, b) => a - b);
  return blocks.map((block) => ({
    block,
    ratio: median(runs.filter((r) => r.block === block).map((r) => r.ratio)),
  }));
}

function signed(ratio: number): string {
  if (ratio >= 2 || ratio <= 0.5) return `${Number(ratio.toPrecision(3))}×`;
  const percent = Number(((ratio - 1) * 100).toPrecision(3));
  return percent === 0 ? "median" : `${percent > 0 ? "+" : "\u2212"}${Math.abs(percent)}\u202f%`;
}

function draw(study: Study, measure: string, marked: string, width: number): Element {
  const runs = runsOf(study, measure);
  if (runs.length === 0)
    return h("p", { class: "muted" }, "No replicate has a value of this measure.");
  const lost = lostOf(study);
  const { unit } = study.measure(measure);
  const narrow = width < 600;
  const ratios = runs.map((r) => r.ratio);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  const air = Math.max((high / low) ** 0.06, 1.01);
  const domain: [number, number] = [low / air, high * air];
  const ticks = ratioTicks(domain, 7);
  const blocks = runs.map((r) => r.block);
  const [first, last] = [
    Math.min(...blocks, ...lost.map((l) => l.block)),
    Math.max(...blocks, ...lost.map((l) => l.block)),
  ];
  const course = host(runs);
  const line = runs.filter((r) => r.arm === marked);
  const chart = Plot.plot({
    width,
    height: narrow ? 300 : 340,
    marginLeft: 58,
    marginRight: narrow ? 14 : 28,
    marginTop: 16,
    marginBottom: 44,
    style: chartStyle,
    x: {
      type: "linear",
      domain: first === last ? [first - 1, last + 1] : [first, last],
      inset: 8,
    },
    y: { type: "log", domain },
    marks: [
      Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1, ticks }),
      Plot.axisY(ticks, { text: signed, label: null }),
      Plot.ruleY([1], { stroke: "var(--ink-soft)", strokeWidth: 1 }),
      Plot.line(runs, {
        x: "block",
        y: "ratio",
        z: "arm",
        stroke: "var(--thread)",
        strokeWidth: 1,
        strokeOpacity: 0.7,
      }),
      Plot.dot(runs, { x: "block", y: "ratio", r: 1.6, fill: "var(--thread)" }),
      Plot.line(course, { x: "block", y: "ratio", stroke: "var(--ink)", strokeWidth: 2.5 }),
      Plot.line(line, { x: "block", y: "ratio", stroke: "var(--accent)", strokeWidth: 2 }),
      Plot.dot(line, {
        x: "block",
        y: "ratio",
        r: 3.5,
        fill: "var(--accent)",
        stroke: "var(--paper)",
      }),
      Plot.dot(lost, {
        x: "block",
        frameAnchor: "bottom",
        symbol: "times",
        r: 5,
        stroke: "var(--worse)",
        strokeWidth: 2.25,
        dy: -8,
      }),
      tooltip(
        runs,
        "block",
        "ratio",
        (r) =>
          `${r.label}\nblock ${r.block}: ${formatValue(r.value, unit, study.fraction(measure))}\n${signed(r.ratio)} of its median`,
      ),
      Plot.axisX({
        label: "block →",
        labelAnchor: "right",
        labelOffset: 38,
        ticks: Math.min(last - first + 1, narrow ? 6 : 12),
        tickFormat: (v: number) => (Number.isInteger(v) ? String(v) : ""),
      }),
    ],
  });
  const extreme = course.reduce((a, b) =>
    Math.abs(Math.log(b.ratio)) > Math.abs(Math.log(a.ratio)) ? b : a,
  );
  return described(
    chart,
    `Line chart over blocks ${first} to ${last}: each replicate relative to its configuration's median, between ` +
      `${signed(low)} and ${signed(high)}. The host's median strays most in block ${extreme.block}: ${signed(extreme.ratio)}. ` +
      `${lost.length} replicates were censored.`,
  );
}

export function drift(study: Study): HTMLElement | null {
  const { replicates, configurations, aa } = study.report;
  const measured = study.shown.filter(
    (m) => m.source !== "artefact" && replicates.some((r) => valueOf(r, m.name) !== null),
  );
  const first = measured.find((m) => m.source === "blocks") ?? measured[0];
  if (first === undefined || new Set(replicates.map((r) => r.block)).size < 2) return null;
  let measure = first.name;
  let marked = String(study.chosen?.id ?? configurations[0]?.id ?? "");
  const { figure, redraw } = responsive((width) => draw(study, measure, marked, width));
  const arms = configurations.map((c) => ({ value: String(c.id), text: c.label }));
  if (replicates.some((r) => r.aa)) {
    const twin = configurations.find((c) => c.id === aa.configuration)?.label ?? "";
    arms.push({ value: "aa", text: `${twin} (A/A twin)` });
  }
  const controls = h(
    "div",
    { class: "controls" },
    select(
      "Measure",
      measured.map((m) => ({ value: m.name, text: m.label })),
      measure,
      (name) => {
        measure = name;
        redraw();
      },
    ),
    select("Mark", arms, marked, (arm) => {
      marked = arm;
      redraw();
    }),
  );
  const lost = lostOf(study);
  const keys = legend([
    { swatch: "strong", text: "the host: median of all configurations in a block" },
    { swatch: "marked", text: "the marked configuration" },
    { swatch: "thread", text: "every other" },
  ]);
  const censored = h(
    "p",
    { class: "caption" },
    lost.length === 0
      ? "No replicate was censored."
      : `✕ Censored: ${lost
          .slice(0, 4)
          .map((l) => `${l.label} ${l.outcome} in block ${l.block}`)
          .join("; ")}${lost.length > 4 ? `; and ${lost.length - 4} more` : ""}.`,
  );
  return section(
    "drift",
    "How the host drifted",
    "Each line is one configuration relative to its own median. What all lines share is the host, not the " +
      "configurations: a slope is drift, a common jump a change of speed. Comparing within blocks takes it out.",
    controls,
    keys,
    figure,
    censored,
  );
}
