// The data to take away: the whole study as JSON, the replicates as CSV (RFC 4180). Made in the page, so it works offline.
import type { Replicate, Report } from "./data";
import { h, section } from "./dom";
import type { Study } from "./study";

function field(value: string | number | boolean | undefined): string {
  const text = value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line per replicate in order of execution; knobs and measured values are columns of their own. */
export function replicatesAsCsv(report: Report): string {
  const configurations = new Map(report.configurations.map((c) => [c.id, c]));
  const knobs = [...new Set(report.configurations.flatMap((c) => Object.keys(c.knobs)))];
  const measures = [...new Set(report.replicates.flatMap((r) => Object.keys(r.values)))];
  const header = [
    "block",
    "position",
    "configuration",
    "label",
    "aa",
    "started",
    "wall_seconds",
    "outcome",
    ...knobs.map((k) => `knob.${k}`),
    ...measures,
  ];
  const line = (r: Replicate) => {
    const configuration = configurations.get(r.configuration);
    return [
      r.block,
      r.position,
      r.configuration,
      configuration?.label,
      r.aa,
      r.started,
      r.wall,
      r.outcome,
      ...knobs.map((k) => configuration?.knobs[k]),
      ...measures.map((m) => r.values[m]),
    ];
  };
  const ordered = [...report.replicates].sort(
    (a, b) => a.block - b.block || a.position - b.position,
  );
  return (
    [header, ...ordered.map(line)].map((fields) => fields.map(field).join(",")).join("\r\n") +
    "\r\n"
  );
}

function link(name: string, type: string, text: string, title: string): HTMLElement {
  const href = URL.createObjectURL(new Blob([text], { type }));
  const size = Math.max(1, Math.round(new TextEncoder().encode(text).length / 1000));
  return h(
    "a",
    { class: "download", href, download: name },
    title,
    h("small", {}, `${name} · ${size.toLocaleString("en")}\u202fkB`),
  );
}

export function download(study: Study): HTMLElement {
  const { report } = study;
  const stem = report.study.replaceAll(/[^\w.-]+/g, "-").replace(/^[.-]+/, "") || "study";
  return section(
    "data",
    "Take the data",
    "Both are inside this file; nothing is fetched.",
    h(
      "p",
      { class: "downloads" },
      link(`${stem}.csv`, "text/csv;charset=utf-8", replicatesAsCsv(report), "Replicates as CSV"),
      link(
        `${stem}.json`,
        "application/json",
        `${JSON.stringify(report, null, 1)}\n`,
        "The whole study as JSON",
      ),
    ),
  );
}
