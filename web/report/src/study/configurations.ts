// The table of configurations.
import type { Configuration } from "../data";
import { h, section } from "../dom";
import { describeRatio, formatConstraint, formatInterval, formatProbability } from "../format";
import { bounds, ratioWords, verdictWords, type Study } from "../study";
import { dash, sortable, type Column } from "../table";

function measureColumns(study: Study): Column<Configuration>[] {
  return study.shown.map((measure) => ({
    title: measure.label,
    note:
      measure.source === "artefact"
        ? "one artefact"
        : measure.source === "derived"
          ? "derived"
          : "",
    numeric: true,
    key: (c) => c.measures[measure.name]?.estimate ?? null,
    cell: (c) => {
      const interval = c.measures[measure.name];
      if (interval === undefined) return [dash()];
      const { estimate, range } = formatInterval(
        interval,
        measure.unit,
        study.fraction(measure.name),
      );
      return [
        h("span", { class: "estimate" }, estimate),
        range === "" ? null : h("span", { class: "range" }, range),
      ];
    },
  }));
}

const verdictOrder = ["better", "equivalent", "undecided", "worse"];

function verdictColumn(study: Study): Column<Configuration> {
  const deciding = study.deciding;
  return {
    title: "Against the chosen",
    note: deciding?.label ?? "",
    numeric: false,
    key: (c) => {
      if (c === study.chosen) return -1;
      const verdict = c.against_chosen?.verdict;
      return verdict === undefined ? null : verdictOrder.indexOf(verdict);
    },
    cell: (c) => {
      if (c === study.chosen) return [h("span", { class: "verdict chosen-mark" }, "★ chosen")];
      if (c.against_chosen === undefined || deciding === null) return [dash()];
      const { verdict, ratio } = c.against_chosen;
      const { symbol, word } = verdictWords[verdict];
      const text =
        ratio.low === null || ratio.high === null
          ? ""
          : describeRatio(...bounds(ratio), ratioWords(deciding));
      return [
        h(
          "span",
          { class: `verdict verdict-${verdict}` },
          h("span", { "aria-hidden": "true" }, symbol),
          ` ${word}`,
        ),
        text === "" ? null : h("span", { class: "range" }, text),
      ];
    },
  };
}

function columnsOf(study: Study): Column<Configuration>[] {
  const front: Column<Configuration> = {
    title: "On the front",
    numeric: true,
    key: (c) => c.front_probability,
    cell: (c) => [formatProbability(c.front_probability)],
  };
  const feasible: Column<Configuration> = {
    title: "Feasible",
    numeric: false,
    key: (c) => (c.feasible ? 0 : 1),
    cell: (c) =>
      c.feasible
        ? ["✓ yes"]
        : [
            h("span", { class: "infeasible" }, "✕ no"),
            h("span", { class: "range" }, c.violated.map(formatConstraint).join("; ")),
          ],
  };
  const count = (title: string, key: "blocks" | "censored"): Column<Configuration> => ({
    title,
    numeric: true,
    key: (c) => c[key],
    cell: (c) => [key === "censored" && c[key] > 0 ? h("b", {}, String(c[key])) : String(c[key])],
  });
  return [
    {
      title: "Configuration",
      numeric: false,
      key: (c) => c.id,
      cell: (c) => [c === study.chosen ? h("span", { class: "chosen-mark" }, "★ ") : null, c.label],
    },
    ...measureColumns(study),
    verdictColumn(study),
    front,
    ...(study.report.constraints.length > 0 ? [feasible] : []),
    count("Blocks", "blocks"),
    count("Censored", "censored"),
  ];
}

export function configurationTable(study: Study): HTMLElement | null {
  const { configurations } = study.report;
  if (configurations.length === 0) return null;
  const parts = sortable<Configuration>({
    label: "Table of configurations",
    noun: { one: "configuration", many: "configurations" },
    rows: configurations,
    columns: columnsOf(study),
    filters: study.knobs.map((knob) => ({
      label: knob.name,
      values: knob.values.map(String),
      of: (c) => String(c.knobs[knob.name]),
    })),
    sort: {
      column: study.deciding === null ? 0 : 1,
      direction: study.deciding?.goal === "minimise" ? 1 : -1,
    },
    id: (c) => c.id,
    kind: (c) => (c === study.chosen ? "is-chosen" : c.feasible ? undefined : "is-infeasible"),
  });
  return section("configurations", "Every configuration", null, ...parts);
}
