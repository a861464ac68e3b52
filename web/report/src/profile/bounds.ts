// What limits an operator: its word and its colour, the same in every part of the page.
import { h } from "../dom";
import type { Bound } from "../profile";

export const boundKinds: Record<Bound, { text: string; colour: string }> = {
  compute: { text: "arithmetic limits it", colour: "--hue-0" },
  memory: { text: "memory limits it", colour: "--hue-1" },
  overhead: { text: "overhead limits it", colour: "--hue-3" },
  unknown: { text: "not known what limits it", colour: "--hue-5" },
};

export const idleColour = "--thread";

/** A legend of those bounds that occur, and of idle time where there is any. */
export function boundLegend(occurring: Bound[], idle: boolean): HTMLElement {
  const entries = (Object.keys(boundKinds) as Bound[])
    .filter((bound) => occurring.includes(bound))
    .map((bound) => boundKinds[bound]);
  if (idle) entries.push({ text: "nothing was computed", colour: idleColour });
  return h(
    "p",
    { class: "legend" },
    ...entries.map(({ text, colour }) => {
      const swatch = h("span", { class: "patch" });
      swatch.style.background = `var(${colour})`;
      return h("span", {}, swatch, text);
    }),
  );
}
