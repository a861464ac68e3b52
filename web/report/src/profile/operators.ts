// The table of operators.
import { h, section } from "../dom";
import { formatNumber, formatProbability, formatValue } from "../format";
import type { Operator, Profile } from "../profile";
import { dash, sortable, type Column } from "../table";

function amounts(title: string, of: (o: Operator) => number, unit: string): Column<Operator> {
  return {
    title,
    numeric: true,
    key: (o) => of(o) || null,
    cell: (o) => [of(o) === 0 ? dash() : formatValue(of(o), unit)],
  };
}

const columns: Column<Operator>[] = [
  {
    title: "Operator",
    numeric: false,
    key: (o) => o.name,
    cell: (o) => [
      o.name,
      h(
        "span",
        { class: "range" },
        [o.operator, o.implementation].filter((part) => part !== "").join(" · "),
      ),
    ],
  },
  amounts("Time", (o) => o.seconds, "s"),
  {
    title: "Share",
    numeric: true,
    key: (o) => o.share,
    cell: (o) => [formatProbability(o.share)],
  },
  {
    title: "Calls",
    numeric: true,
    key: (o) => o.count,
    cell: (o) => [formatNumber(o.count)],
  },
  amounts("Time a call", (o) => (o.count > 0 ? o.seconds / o.count : 0), "s"),
  amounts("Arithmetic", (o) => o.flops_per_second, "FLOP/s"),
  amounts("Memory", (o) => o.bytes_per_second, "B/s"),
  {
    title: "Of the roof",
    numeric: true,
    key: (o) => o.fraction,
    cell: (o) => [o.fraction === null ? dash() : formatProbability(o.fraction)],
  },
  {
    title: "Limited by",
    numeric: false,
    key: (o) => o.bound,
    cell: (o) => [o.bound === "unknown" ? dash() : o.bound],
  },
];

const mostFilterValues = 40;

function filterBy(operators: Operator[], label: string, of: (o: Operator) => string) {
  const values = [...new Set(operators.map(of))].filter((v) => v !== "").sort();
  const useful = values.length > 1 && values.length <= mostFilterValues;
  return useful ? [{ label, values, of }] : [];
}

export function operatorTable({ operators }: Profile): HTMLElement | null {
  if (operators.length === 0) return null;
  const ids = new Map(operators.map((o, i) => [o, i]));
  const parts = sortable<Operator>({
    label: "Table of operators",
    noun: { one: "operator", many: "operators" },
    rows: operators,
    columns,
    filters: [
      ...filterBy(operators, "kind", (o) => o.operator),
      ...filterBy(operators, "limited by", (o) => o.bound),
    ],
    sort: { column: 1, direction: -1 },
    id: (o) => ids.get(o)!,
    kind: () => undefined,
  });
  return section("operators", "Every operator", null, ...parts);
}
