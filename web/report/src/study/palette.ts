// Colours and shapes of knob values. Colours are names of CSS variables, so that charts follow the light, dark and
// print style without being drawn again. Ordered values get a ramp of rising lightness contrast; names get hues that
// stay apart for colour-blind readers, and shape repeats or complements what colour says.
import type { Configuration } from "../data";
import type { Study } from "../study";

export interface Encoding {
  knob: string | null;
  domain: (string | number)[];
  range: string[];
  of: (configuration: Configuration) => string | number;
}

const rampSteps = 7; // --ramp-0 … --ramp-6 in style.css
const hues = 6; // --hue-0 … --hue-5
const symbols = ["circle", "square", "triangle", "diamond", "star", "cross", "wye"];

function ramp(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const at = count === 1 ? 0.5 : i / (count - 1);
    return `var(--ramp-${Math.round(at * (rampSteps - 1))})`;
  });
}

function encoding(
  study: Study,
  name: string | null,
  range: (values: (string | number)[]) => string[],
): Encoding {
  const knob = study.knobs.find((k) => k.name === name);
  if (knob === undefined) return { knob: null, domain: [""], range: range([""]), of: () => "" };
  return {
    knob: knob.name,
    domain: knob.values,
    range: range(knob.values),
    of: (configuration) => configuration.knobs[knob.name] ?? "",
  };
}

export function colours(study: Study, knob: string | null): Encoding {
  return encoding(study, knob, (values) =>
    values.length > 2 && values.every((v) => typeof v === "number")
      ? ramp(values.length)
      : values.map((_, i) => `var(--hue-${i % hues})`),
  );
}

export function shapes(study: Study, knob: string | null): Encoding {
  return encoding(study, knob, (values) => values.map((_, i) => symbols[i % symbols.length]!));
}

/** Colour tells the knob with most values, shape another one where there is another. */
export function defaultKnobs(study: Study): { colour: string | null; shape: string | null } {
  const knobs = study.knobs;
  const most = [...knobs].sort((a, b) => b.values.length - a.values.length)[0];
  const others = knobs.filter((k) => k !== most);
  const named =
    others.find((k) => k.values.some((v) => typeof v === "string")) ?? others[0] ?? most;
  return { colour: most?.name ?? null, shape: named?.name ?? null };
}
