// The sortable, filterable table of configurations.
import type { Configuration } from "./data";
import { h, section, select, type Child } from "./dom";
import { describeRatio, formatConstraint, formatInterval, formatProbability } from "./format";
import { bounds, ratioWords, verdictWords, type Study } from "./study";

type Key = number | string | null;

interface Column {
  title: string;
  note?: string; // under the title, small
  numeric: boolean;
  key: (configuration: Configuration) => Key;
  cell: (configuration: Configuration) => Child[];
}

function measureColumns(study: Study): Column[] {
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
      if (interval === undefined) return [h("span", { class: "muted" }, "–")];
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

function verdictColumn(study: Study): Column {
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
      if (c.against_chosen === undefined || deciding === null)
        return [h("span", { class: "muted" }, "–")];
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

function columnsOf(study: Study): Column[] {
  const front: Column = {
    title: "On the front",
    numeric: true,
    key: (c) => c.front_probability,
    cell: (c) => [formatProbability(c.front_probability)],
  };
  const feasible: Column = {
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
  const count = (title: string, key: "blocks" | "censored"): Column => ({
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

function compare(a: Key, b: Key, direction: 1 | -1): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return (a < b ? -1 : a > b ? 1 : 0) * direction;
}

export function table(study: Study): HTMLElement | null {
  const { configurations } = study.report;
  if (configurations.length === 0) return null;
  const columns = columnsOf(study);
  const filters = new Map<string, string>();
  const goal = study.deciding?.goal;
  const state = {
    column: study.deciding === null ? 0 : 1,
    direction: (goal === "minimise" ? 1 : -1) as 1 | -1,
  };

  const body = h("tbody");
  const status = h("p", { class: "caption", role: "status" });
  const heads = columns.map((column, i) => {
    const arrow = h("span", { class: "arrow", "aria-hidden": "true" });
    const button = h("button", { type: "button", click: () => sort(i) }, column.title, arrow);
    return h(
      "th",
      { scope: "col", class: column.numeric ? "number" : undefined },
      button,
      column.note ? h("span", { class: "range" }, column.note) : null,
    );
  });

  function row(configuration: Configuration): HTMLElement {
    const cells = columns.map((column, i) =>
      h(
        i === 0 ? "th" : "td",
        { class: column.numeric ? "number" : undefined, scope: i === 0 ? "row" : undefined },
        ...column.cell(configuration),
      ),
    );
    const kind =
      configuration === study.chosen
        ? "is-chosen"
        : configuration.feasible
          ? undefined
          : "is-infeasible";
    return h("tr", { class: kind, "data-id": configuration.id }, ...cells);
  }

  function refresh(): void {
    const column = columns[state.column]!;
    const kept = configurations
      .filter((c) =>
        [...filters].every(([knob, value]) => value === "" || String(c.knobs[knob]) === value),
      )
      .sort((a, b) => compare(column.key(a), column.key(b), state.direction) || a.id - b.id);
    body.replaceChildren(...kept.map(row));
    heads.forEach((head, i) => {
      const sorted =
        i === state.column ? (state.direction === 1 ? "ascending" : "descending") : "none";
      head.setAttribute("aria-sort", sorted);
      head.querySelector(".arrow")!.textContent = { ascending: " ↑", descending: " ↓", none: "" }[
        sorted
      ];
    });
    const total = configurations.length;
    const count = kept.length === total ? String(total) : `${kept.length} of ${total}`;
    const noun = total === 1 ? "configuration" : "configurations";
    status.textContent = `${count} ${noun}, by ${column.title.toLowerCase()}.`;
  }

  function sort(column: number): void {
    state.direction = state.column === column ? (state.direction === 1 ? -1 : 1) : 1;
    state.column = column;
    refresh();
  }

  const controls = study.knobs.map((knob) =>
    select(
      knob.name,
      [
        { value: "", text: "all" },
        ...knob.values.map((v) => ({ value: String(v), text: String(v) })),
      ],
      "",
      (value) => {
        filters.set(knob.name, value);
        refresh();
      },
    ),
  );
  refresh();
  return section(
    "configurations",
    "Every configuration",
    null,
    controls.length > 0 ? h("div", { class: "controls" }, ...controls) : null,
    h(
      "div",
      { class: "scroll", role: "region", "aria-label": "Table of configurations", tabindex: 0 },
      h("table", {}, h("thead", {}, h("tr", {}, ...heads)), body),
    ),
    status,
  );
}
