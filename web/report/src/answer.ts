// The answer first: warnings, the sentence, the chosen configuration's figures, reasons, doubts, why measuring stopped.
import { h, type Child } from "./dom";
import { formatConstraint, formatInterval } from "./format";
import type { Study } from "./study";

function banner(title: string, ...text: string[]): HTMLElement {
  return h(
    "div",
    { class: "banner", role: "alert" },
    h("strong", {}, title),
    ...text.map((t) => h("p", {}, t)),
  );
}

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

/** The chosen configuration's measures, large. */
function figures(study: Study): HTMLElement | null {
  const { chosen } = study;
  if (chosen === null) return null;
  const items = study.shown.slice(0, 6).flatMap((measure) => {
    const interval = chosen.measures[measure.name];
    if (interval === undefined) return [];
    const { estimate, range } = formatInterval(
      interval,
      measure.unit,
      study.fraction(measure.name),
    );
    const note = range !== "" ? range : measure.source === "artefact" ? "one artefact" : "";
    return [
      h(
        "div",
        {},
        h("dt", {}, measure.label),
        h("dd", {}, h("b", {}, estimate), h("small", {}, note)),
      ),
    ];
  });
  const confidence = Object.values(chosen.measures)[0]?.confidence;
  return h(
    "div",
    { class: "chosen" },
    h(
      "p",
      { class: "caption" },
      "Chosen: ",
      h("b", {}, chosen.label),
      confidence === undefined
        ? ""
        : ` · intervals at ${Number((confidence * 100).toPrecision(3))}\u202f%, as it was chosen among ${study.report.configurations.length}`,
    ),
    h("dl", { class: "figures" }, ...items),
  );
}

function list(title: string, sentences: string[], kind: string): HTMLElement | null {
  if (sentences.length === 0) return null;
  return h(
    "div",
    { class: kind },
    h("h2", {}, title),
    h("ul", {}, ...sentences.map((s) => h("li", {}, s))),
  );
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
  return h(
    "section",
    { id: "answer", tabindex: -1, "aria-labelledby": "sentence" },
    ...warnings(study),
    h("p", { class: "question" }, study.report.question),
    h("h1", { id: "sentence" }, answer.sentence || "This study has no answer yet."),
    figures(study),
    h("div", { class: "columns" }, ...columns),
  );
}
