// What memory was held for.
import { bars } from "../bars";
import { section } from "../dom";
import { formatValue } from "../format";
import type { Profile } from "../profile";

export function memory(profile: Profile): HTMLElement | null {
  if (profile.memory.length === 0) return null;
  const ordered = [...profile.memory].sort((a, b) => b.bytes - a.bytes);
  const items = ordered.map(({ name, bytes }) => ({
    name,
    note: "",
    amount: bytes,
    told: formatValue(bytes, "B"),
    colour: "--hue-2",
  }));
  return section("memory", "What memory was held for", null, bars("Memory by use", items));
}
