// Cards of definition lists: what stands behind a page.
import { h } from "./dom";
import { formatNumber, formatTime } from "./format";

export type Definition = [term: string, text: string];

export function definitions(entries: Definition[]): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    ...entries.map(([term, text]) => h("div", {}, h("dt", {}, term), h("dd", {}, text))),
  );
}

export function card(title: string, ...children: (Node | string | null)[]): HTMLElement {
  return h("div", { class: "card" }, h("h3", {}, title), ...children);
}

export function cards(...children: (HTMLElement | null)[]): HTMLElement {
  return h("div", { class: "cards" }, ...children);
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A name of the program's as words: "half_width" is "Half width". */
export function words(key: string): string {
  return capitalised(key.replaceAll("_", " "));
}

function shown(value: string | number | boolean | null): string {
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "string" ? formatTime(value) : String(value ?? "–");
}

/** Named values of the program's. */
export function entriesOf(record: Record<string, string | number | boolean | null>): Definition[] {
  return Object.entries(record).map(([key, value]) => [words(key), shown(value)]);
}
