// Where the time went: operators by their share, idle time by its cause.
import { bars, type Bar } from "../bars";
import { section } from "../dom";
import { formatProbability, formatValue } from "../format";
import type { Profile } from "../profile";
import { boundKinds, boundLegend, idleColour } from "./bounds";

const shownOperators = 14;

const told = (seconds: number, share: number): string =>
  `${formatProbability(share)} · ${formatValue(seconds, "s")}`;

function barsOf({ operators, idle }: Profile): Bar[] {
  const ordered = [...operators].sort((a, b) => b.seconds - a.seconds);
  const rest = ordered.slice(shownOperators);
  const sum = (field: "seconds" | "share") => rest.reduce((total, o) => total + o[field], 0);
  const busy = ordered.slice(0, shownOperators).map((o) => ({
    name: o.name,
    note: o.operator === o.name ? "" : o.operator,
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
      name: `${rest.length} other ${rest.length === 1 ? "operator" : "operators"}`,
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
    null,
    boundLegend(
      operators.map((o) => o.bound),
      idle.length > 0,
    ),
    bars("Time by operator and by cause of idleness", items),
  );
}
