// What the program counted while it ran.
import { section } from "../dom";
import { formatTick, formatValue } from "../format";
import type { Profile } from "../profile";
import { multiples } from "../series";

/** So many values cannot be told apart in a small chart. */
const noisyFrom = 150;

/** At an axis; there is no room for more. */
const longestUnit = 6;

export function counters(profile: Profile): HTMLElement | null {
  const charts = multiples(
    profile.counters.map(({ name, unit, time, value }) => ({
      name,
      along: "time",
      x: time,
      y: value,
      told: (v) => formatValue(v, unit),
      tick: (v) => formatTick(v, unit.length <= longestUnit ? unit : ""),
      at: (t) => formatTick(t, "s"),
      dots: false,
      noisy: value.length > noisyFrom,
    })),
  );
  return charts && section("counters", "What was counted over time", null, charts);
}
