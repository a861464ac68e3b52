// Sampled stacks: where CPU time went by function, and the table of functions.
import { bars, type Bar } from "../bars";
import { h, section } from "../dom";
import { formatNumber, formatProbability, formatValue, shorten } from "../format";
import type { Profile, Stacks } from "../profile";
import { dash, sortable, type Column } from "../table";

type Row = Stacks["functions"][number];

const shownFunctions = 14;

const generated = "generated code";
const unnamed = "no symbol";

const places = {
  program: { text: "the program itself", colour: "--hue-0" },
  library: { text: "a library", colour: "--hue-1" },
  generated: { text: "code generated while it ran", colour: "--hue-2" },
  unnamed: { text: "no name is known", colour: "--thread" },
};

function placeOf({ name, library }: Row): keyof typeof places {
  if (name === unnamed) return "unnamed";
  if (library === "") return "program";
  return library === generated ? "generated" : "library";
}

/** Samples as CPU time, or as they are where nobody knows what one stands for. */
export function told(samples: number, { period_seconds }: Stacks): string {
  return period_seconds > 0
    ? formatValue(samples * period_seconds, "s")
    : `${formatNumber(samples)} samples`;
}

const shareOf = (samples: number, stacks: Stacks): string =>
  formatProbability(samples / stacks.samples);

function legend(rows: Row[]): HTMLElement {
  const occurring = new Set(rows.map(placeOf));
  return h(
    "p",
    { class: "legend" },
    ...Object.entries(places)
      .filter(([place]) => occurring.has(place as keyof typeof places))
      .map(([, { text, colour }]) => {
        const swatch = h("span", { class: "patch" });
        swatch.style.background = `var(${colour})`;
        return h("span", {}, swatch, text);
      }),
  );
}

const byOwn = ({ functions }: Stacks): Row[] =>
  functions.filter(({ own }) => own > 0).sort((a, b) => b.own - a.own);

/** Where the CPU time went: functions by the time of their own. */
export function functionTime({ stacks }: Profile): HTMLElement | null {
  if (stacks === null || stacks.samples <= 0) return null;
  const rows = byOwn(stacks);
  if (rows.length === 0) return null;
  const drawn = rows.slice(0, shownFunctions);
  const items: Bar[] = drawn.map((row) => ({
    name: shorten(row.name, 120),
    note: row.library,
    amount: row.own,
    told: `${shareOf(row.own, stacks)} · ${told(row.own, stacks)}`,
    colour: places[placeOf(row)].colour,
  }));
  const rest = stacks.samples - drawn.reduce((sum, { own }) => sum + own, 0);
  if (rest > 0)
    items.push({
      name: "all others",
      note: "",
      amount: rest,
      told: `${shareOf(rest, stacks)} · ${told(rest, stacks)}`,
      colour: "--hue-5",
    });
  return section(
    "time",
    "Where the CPU time went",
    "By function, without the time of what it called.",
    legend(drawn),
    bars("CPU time by function", items),
  );
}

function column(title: string, stacks: Stacks, of: (row: Row) => number): Column<Row> {
  return {
    title,
    numeric: true,
    key: of,
    cell: (row) =>
      of(row) === 0
        ? [dash()]
        : [
            h("span", { class: "estimate" }, shareOf(of(row), stacks)),
            h("span", { class: "range" }, told(of(row), stacks)),
          ],
  };
}

/** Every function that was on a stack. */
export function functionTable({ stacks }: Profile): HTMLElement | null {
  if (stacks === null || stacks.functions.length === 0) return null;
  const { functions, functions_left_out } = stacks;
  const libraries = [...new Set(functions.map(({ library }) => library))]
    .filter((library) => library !== "")
    .sort();
  const ids = new Map(functions.map((row, i) => [row, i]));
  const parts = sortable<Row>({
    label: "Table of functions",
    noun: { one: "function", many: "functions" },
    rows: functions,
    columns: [
      {
        title: "Function",
        numeric: false,
        key: (row) => row.name,
        cell: (row) => [row.name, row.library && h("span", { class: "range" }, row.library)],
      },
      column("Own", stacks, (row) => row.own),
      column("With what it called", stacks, (row) => row.total),
    ],
    filters:
      libraries.length === 0
        ? []
        : [{ label: "library", values: libraries, of: ({ library }) => library }],
    sort: { column: 1, direction: -1 },
    id: (row) => ids.get(row)!,
    kind: () => undefined,
  });
  return section(
    "functions",
    "Every function",
    null,
    ...parts,
    functions_left_out > 0 &&
      h(
        "p",
        { class: "caption" },
        `Left out: ${formatNumber(functions_left_out)} functions that took least.`,
      ),
  );
}
