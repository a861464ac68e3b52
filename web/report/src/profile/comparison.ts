// What changed against another profile: ratios with intervals, then every row.
import { h, responsive, section } from "../dom";
import { formatRatio, formatValue } from "../format";
import type { Comparison, Profile } from "../profile";
import { drawable, drawRatios, ratioRow, type RatioRow } from "../ratios";
import { verdictWords } from "../study";
import { dash, sortable, type Column } from "../table";

type Row = Comparison["rows"][number];

const drawnRows = 20;

const ratioOf = ({ ratio, low, high }: Row) =>
  ratio === null ? null : { estimate: ratio, low, high, confidence: 0.95 };

/** Those on which most time is won or lost, from the slowest to the fastest. */
function drawn(rows: Row[]): RatioRow[] {
  const stake = (row: Row) => Math.abs((row.after_seconds ?? 0) - (row.before_seconds ?? 0));
  return [...rows]
    .sort((a, b) => stake(b) - stake(a))
    .flatMap((row, i) => {
      const ratio = ratioOf(row);
      return ratio === null ? [] : [ratioRow(String(i), row.name, ratio, row.verdict)];
    })
    .filter((row) => row.ratio.estimate > 0 && drawable(row))
    .slice(0, drawnRows)
    .sort((a, b) => b.ratio.estimate - a.ratio.estimate);
}

function seconds(title: string, of: (row: Row) => number | null): Column<Row> {
  return {
    title,
    numeric: true,
    key: of,
    cell: (row) => [of(row) === null ? dash() : formatValue(of(row), "s")],
  };
}

const verdictOrder: Row["verdict"][] = ["worse", "better", "undecided", "equivalent"];

const columns: Column<Row>[] = [
  { title: "Name", numeric: false, key: (row) => row.name, cell: (row) => [row.name] },
  seconds("Before", (row) => row.before_seconds),
  seconds("After", (row) => row.after_seconds),
  {
    title: "Ratio",
    note: "after ÷ before",
    numeric: true,
    key: (row) => row.ratio,
    cell: (row) => {
      const ratio = ratioOf(row);
      if (ratio === null) return [dash()];
      const { estimate, range } = formatRatio(ratio);
      return [
        h("span", { class: "estimate" }, estimate),
        range === "" ? null : h("span", { class: "range" }, range),
      ];
    },
  },
  {
    title: "Verdict",
    numeric: false,
    key: (row) => verdictOrder.indexOf(row.verdict),
    cell: (row) => {
      const { symbol, word } = verdictWords[row.verdict];
      return [
        h(
          "span",
          { class: `verdict verdict-${row.verdict}` },
          h("span", { "aria-hidden": "true" }, symbol),
          ` ${word}`,
        ),
      ];
    },
  },
];

export function comparison(profile: Profile): HTMLElement | null {
  const compared = profile.comparison;
  if (compared === null || compared.rows.length === 0) return null;
  const { rows, against } = compared;
  const ids = new Map(rows.map((row, i) => [row, i]));
  const ratios = drawn(rows);
  const rest = rows.length - ratios.length;
  const parts = sortable<Row>({
    label: "Table of the comparison",
    noun: { one: "row", many: "rows" },
    rows,
    columns,
    filters: [],
    sort: { column: columns.length - 1, direction: 1 },
    id: (row) => ids.get(row)!,
    kind: () => undefined,
  });
  return section(
    "comparison",
    against === "" ? "What changed" : `What changed against ${against}`,
    "Time of one call: this profile ÷ the other. Below 1 it became faster.",
    ...(ratios.length === 0
      ? []
      : [
          responsive((width) => drawRatios(ratios, width)).figure,
          rest === 0
            ? null
            : h(
                "p",
                { class: "caption" },
                `Drawn: the ${ratios.length} rows on which most time hangs.`,
              ),
        ]),
    ...parts,
  );
}
