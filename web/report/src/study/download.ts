// The study to take away: as JSON, and its replicates as CSV.
import type { Replicate, Report } from "../data";
import { csv, download, json } from "../download";
import type { Study } from "../study";

/** One line per replicate in order of execution; knobs and measured values are columns of their own. */
function replicatesAsCsv(report: Report): string {
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
  return csv(header, ordered.map(line));
}

export function studyData({ report }: Study): HTMLElement {
  return download(report.study, "study", [
    { title: "Replicates as CSV", name: ".csv", text: replicatesAsCsv(report) },
    json("The whole study as JSON", report),
  ]);
}
