// The answer first: warnings, the sentence, the chosen configuration's figures, reasons, doubts, why measuring stopped.
import { answerSection, banner, figures, list } from "../answer";
import { h, type Child } from "../dom";
import { formatConstraint, formatInterval } from "../format";
import type { Study } from "../study";

function warnings(study: Study): HTMLElement[] {
  const { report, chosen } = study;
  const found: HTMLElement[] = [];
  if (report.replicates.length === 0) {
    found.push(
      banner(
        "Nothing was measured.",
        "The study holds no replicate, so nothing on this page is a finding.",
      ),
    );
  } else if (chosen === null) {
    const infeasible = report.configurations.every((c) => !c.feasible);
    const constraints = report.constraints.map((c) => formatConstraint(c.text)).join(" and ");
    found.push(
      banner(
        "No configuration was chosen.",
        infeasible && constraints !== ""
          ? `None of the ${report.configurations.length} configurations satisfies ${constraints}.`
          : "The measurements do not single one out; the reasons stand below.",
      ),
    );
  }
  if (report.replicates.length > 0 && !report.aa.passed) {
    found.push(
      banner(
        "The A/A check failed: do not trust the differences on this page.",
        "The same configuration, measured twice under two names, seemed to differ from itself. Something besides the " +
          "configuration changes the measurements: another program on this host, a frequency limit, or the order of " +
          "the runs. Measure again on a quiet host.",
      ),
    );
  }
  return found;
}

/** The chosen configuration's measures. */
function chosenFigures(study: Study): HTMLElement | null {
  const { chosen } = study;
  if (chosen === null) return null;
  const items = study.shown.slice(0, 6).flatMap((measure) => {
    const interval = chosen.measures[measure.name];
    if (interval === undefined) return [];
    const fraction = study.fraction(measure.name);
    const { estimate, range } = formatInterval(interval, measure.unit, fraction);
    const note = range !== "" ? range : measure.source === "artefact" ? "one artefact" : "";
    return [{ label: measure.label, value: estimate, note }];
  });
  const confidence = Object.values(chosen.measures)[0]?.confidence;
  const caption = [
    "Chosen: ",
    h("b", {}, chosen.label),
    confidence === undefined
      ? ""
      : ` · intervals at ${Number((confidence * 100).toPrecision(3))}\u202f%, as it was chosen among ${study.report.configurations.length}`,
  ];
  return figures(caption, items);
}

export function answer(study: Study): HTMLElement {
  const { answer, constraints, objectives } = study.report;
  const goals = objectives.map((name) => study.measure(name)).map((m) => `${m.goal} ${m.label}`);
  const terms = [...goals, ...constraints.map((c) => formatConstraint(c.text))].join("; ");
  const columns: Child[] = [
    list("Why", answer.reasons, "reasons"),
    list("Still undecided", answer.undecided, "undecided"),
    answer.stopped === ""
      ? null
      : h(
          "div",
          {},
          h("h2", {}, "Why measuring stopped"),
          h("p", {}, answer.stopped),
          terms === "" ? null : h("p", { class: "muted" }, `Asked for: ${terms}.`),
        ),
  ];
  return answerSection(
    warnings(study),
    study.report.question,
    answer.sentence || "This study has no answer yet.",
    chosenFigures(study),
    h("div", { class: "columns" }, ...columns),
  );
}
