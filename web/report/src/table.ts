// A table that sorts by any column, by mouse and keyboard, and filters by a few values.
import { h, select, type Child } from "./dom";

type Key = number | string | null;

export interface Column<Row> {
  title: string;
  note?: string; // under the title, small
  numeric: boolean;
  key: (row: Row) => Key; // rows sort by it; null is last either way
  cell: (row: Row) => Child[];
}

export interface Filter<Row> {
  label: string;
  values: string[];
  of: (row: Row) => string;
}

export interface Table<Row> {
  label: string; // for screen readers
  noun: { one: string; many: string };
  rows: Row[];
  columns: Column<Row>[]; // the first holds the row's heading
  filters: Filter<Row>[];
  sort: { column: number; direction: 1 | -1 };
  id: (row: Row) => number | string;
  kind: (row: Row) => string | undefined; // class of the row
}

function compare(a: Key, b: Key, direction: 1 | -1): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return (a < b ? -1 : a > b ? 1 : 0) * direction;
}

export const dash = (): HTMLElement => h("span", { class: "muted" }, "–");

/** The controls, the table and a line that says what is shown. */
export function sortable<Row>(table: Table<Row>): Child[] {
  const { rows, columns, noun } = table;
  const chosen = new Map<Filter<Row>, string>();
  const state = { ...table.sort };
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

  function rowOf(row: Row): HTMLElement {
    const cells = columns.map((column, i) =>
      h(
        i === 0 ? "th" : "td",
        { class: column.numeric ? "number" : undefined, scope: i === 0 ? "row" : undefined },
        ...column.cell(row),
      ),
    );
    return h("tr", { class: table.kind(row), "data-id": table.id(row) }, ...cells);
  }

  function refresh(): void {
    const column = columns[state.column]!;
    const kept = rows
      .filter((row) => [...chosen].every(([f, value]) => value === "" || f.of(row) === value))
      .sort((a, b) => compare(column.key(a), column.key(b), state.direction));
    body.replaceChildren(...kept.map(rowOf));
    heads.forEach((head, i) => {
      const sorted =
        i === state.column ? (state.direction === 1 ? "ascending" : "descending") : "none";
      head.setAttribute("aria-sort", sorted);
      head.querySelector(".arrow")!.textContent = { ascending: " ↑", descending: " ↓", none: "" }[
        sorted
      ];
    });
    const count =
      kept.length === rows.length ? String(rows.length) : `${kept.length} of ${rows.length}`;
    const things = rows.length === 1 ? noun.one : noun.many;
    status.textContent = `${count} ${things}, by ${column.title.toLowerCase()}.`;
  }

  function sort(column: number): void {
    state.direction = state.column === column ? (state.direction === 1 ? -1 : 1) : 1;
    state.column = column;
    refresh();
  }

  const controls = table.filters.map((filter) =>
    select(
      filter.label,
      [{ value: "", text: "all" }, ...filter.values.map((v) => ({ value: v, text: v }))],
      "",
      (value) => {
        chosen.set(filter, value);
        refresh();
      },
    ),
  );
  refresh();
  return [
    controls.length > 0 ? h("div", { class: "controls" }, ...controls) : null,
    h(
      "div",
      { class: "scroll", role: "region", "aria-label": table.label, tabindex: 0 },
      h("table", {}, h("thead", {}, h("tr", {}, ...heads)), body),
    ),
    status,
  ];
}
