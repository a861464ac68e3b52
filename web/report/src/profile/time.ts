// Where the time went: operators by their share, idle time by its cause.
import { bars, type Bar } from "../bars";
import { section } from "../dom";
import { formatProbability, formatValue } from "../format";
import type { Operator, Profile } from "../profile";
import { boundKinds, boundLegend, idleColour } from "./bounds";

const shownOperators = 14;

/** Operators, or where there are too many to tell apart, those of one kind, implementation and bound together. */
function rowsOf(operators: Operator[]) {
  const single = (o: Operator) => ({
    count: 1,
    name: o.name,
    note: o.operator === o.name ? "" : o.operator,
    seconds: o.seconds,
    share: o.share,
    bound: o.bound,
  });
  if (operators.length <= shownOperators) return operators.map(single);
  const kinds = new Map<string, Operator[]>();
  for (const o of operators) {
    const kind = JSON.stringify([o.operator, o.implementation, o.bound]);
    kinds.set(kind, [...(kinds.get(kind) ?? []), o]);
  }
  return [...kinds.values()].map((alike) => {
    const first = alike[0]!;
    if (alike.length === 1) return single(first);
    return {
      count: alike.length,
      name: `${alike.length} × ${first.operator}`,
      note: first.implementation,
      seconds: alike.reduce((total, o) => total + o.seconds, 0),
      share: alike.reduce((total, o) => total + o.share, 0),
      bound: first.bound,
    };
  });
}

const told = (seconds: number, share: number): string =>
  `${formatProbability(share)} · ${formatValue(seconds, "s")}`;

function barsOf({ operators, idle }: Profile): Bar[] {
  const ordered = rowsOf(operators).sort((a, b) => b.seconds - a.seconds);
  const rest = ordered.slice(shownOperators);
  const sum = (field: "count" | "seconds" | "share") =>
    rest.reduce((total, row) => total + row[field], 0);
  const busy = ordered.slice(0, shownOperators).map((o) => ({
    name: o.name,
    note: o.note,
    amount: o.seconds,
    told: told(o.seconds, o.share),
    colour: boundKinds[o.bound].colour,
  }));
  const waiting = idle.map((i) => ({
    name: `idle: ${i.cause}`,
    note: "",
    amount: i.seconds,
    told: told(i.seconds, i.share),
    colour: idleColour,
  }));
  const all = [...busy, ...waiting].sort((a, b) => b.amount - a.amount);
  if (rest.length > 0)
    all.push({
      name: `${sum("count")} other ${sum("count") === 1 ? "operator" : "operators"}`,
      note: "",
      amount: sum("seconds"),
      told: told(sum("seconds"), sum("share")),
      colour: boundKinds.unknown.colour,
    });
  return all;
}

export function time(profile: Profile): HTMLElement | null {
  const items = barsOf(profile);
  if (items.length === 0) return null;
  const { operators, idle } = profile;
  return section(
    "time",
    "Where the time went",
    operators.length > shownOperators
      ? "Operators of one kind, implementation and limit are taken together; the table has each."
      : null,
    boundLegend(
      operators.map((o) => o.bound),
      idle.length > 0,
    ),
    bars("Time by operator and by cause of idleness", items),
  );
}
