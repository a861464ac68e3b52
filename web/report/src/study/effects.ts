// The A/A arm's own difference beside the effects claimed: one axis of ratios, 1 marked.
import { h, responsive, section } from "../dom";
import { drawable, drawRatios, ratioRow, type RatioRow } from "../ratios";
import type { Study } from "../study";

/** The A/A arm's rows, the deciding measure first, and the claims from high to low. */
function rowsOf(study: Study): { own: RatioRow[]; claimed: RatioRow[] } {
  const { aa, configurations } = study.report;
  const deciding = study.deciding?.name;
  const own = Object.entries(aa.effect)
    .filter(([name]) => study.measure(name).source !== "artefact")
    .sort(([a], [b]) => Number(b === deciding) - Number(a === deciding))
    .map(([name, ratio]) =>
      ratioRow(`aa:${name}`, `A/A: ${study.measure(name).label}`, ratio, "aa"),
    );
  const claimed = configurations
    .flatMap((c) =>
      c.against_chosen
        ? [ratioRow(`c:${c.id}`, c.label, c.against_chosen.ratio, c.against_chosen.verdict)]
        : [],
    )
    .sort((a, b) => b.ratio.estimate - a.ratio.estimate);
  return { own: own.filter(drawable), claimed: claimed.filter(drawable) };
}

function distance(row: RatioRow): number {
  return Math.abs(Math.log(row.ratio.estimate));
}

/** One chart when all effects are small; otherwise the A/A arm and the claims near it magnified, then every claim. */
function panels(own: RatioRow[], claimed: RatioRow[]): RatioRow[][] {
  const all = [...own.slice(0, 1), ...claimed];
  const far = claimed.some((r) => distance(r) > Math.log(1.5));
  if (!far || own.length === 0) return [[...own, ...claimed]];
  const near = claimed.filter((r) => distance(r) < Math.log(1.1));
  return [[...own, ...near], all];
}

export function effects(study: Study): HTMLElement | null {
  const { own, claimed } = rowsOf(study);
  const charts = panels(own, claimed).filter((rows) => rows.length > 0);
  if (charts.length === 0) return null;
  const figures = charts.flatMap((rows, i) => [
    charts.length > 1
      ? h("h3", { class: "panel" }, i === 0 ? "The noise, magnified" : "Every effect claimed")
      : null,
    responsive((width) => drawRatios(rows, width)).figure,
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
