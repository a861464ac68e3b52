// The profile to take away: as JSON, its operators and its counters as CSV.
import { csv, download, json, type Offer } from "../download";
import type { Profile, Stacks } from "../profile";

function operatorsAsCsv({ operators }: Profile): string {
  const columns = [
    "name",
    "operator",
    "implementation",
    "count",
    "seconds",
    "share",
    "flops",
    "bytes",
    "flops_per_second",
    "bytes_per_second",
    "fraction",
    "bound",
  ] as const;
  return csv(
    [...columns],
    operators.map((operator) => columns.map((name) => operator[name])),
  );
}

function countersAsCsv({ counters }: Profile): string {
  return csv(
    ["counter", "unit", "seconds", "value"],
    counters.flatMap(({ name, unit, time, value }) =>
      time.map((t, i) => [name, unit, t, value[i]]),
    ),
  );
}

function functionsAsCsv(functions: Stacks["functions"]): string {
  const columns = ["name", "library", "own", "total"] as const;
  return csv(
    [...columns],
    functions.map((row) => columns.map((name) => row[name])),
  );
}

/** `source` is the profile as it was embedded. */
export function profileData(profile: Profile, source: unknown): HTMLElement {
  const tables: Offer[] = [];
  if (profile.operators.length > 0)
    tables.push({
      title: "Operators as CSV",
      name: "-operators.csv",
      text: operatorsAsCsv(profile),
    });
  if (profile.stacks !== null && profile.stacks.functions.length > 0)
    tables.push({
      title: "Functions as CSV",
      name: "-functions.csv",
      text: functionsAsCsv(profile.stacks.functions),
    });
  if (profile.counters.length > 0)
    tables.push({ title: "Counters as CSV", name: "-counters.csv", text: countersAsCsv(profile) });
  return download(profile.title, "profile", [...tables, json("The whole profile as JSON", source)]);
}
