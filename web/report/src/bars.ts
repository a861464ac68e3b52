// Named amounts as horizontal bars, the largest first. Plain elements: names wrap, and the text is there to be read.
import { h } from "./dom";

export interface Bar {
  name: string;
  note: string; // small, after the name; may be ""
  amount: number;
  told: string; // the amount in words
  colour: string; // name of a CSS variable
}

export function bars(label: string, items: Bar[]): HTMLElement {
  const largest = Math.max(...items.map((b) => b.amount)) || 1;
  return h(
    "ul",
    { class: "bars", "aria-label": label },
    ...items.map(({ name, note, amount, told, colour }) => {
      const bar = h("span", { class: "bar", "aria-hidden": "true" });
      bar.style.width = `${Math.max(0, (amount / largest) * 100)}%`;
      bar.style.background = `var(${colour})`;
      return h(
        "li",
        {},
        h("span", { class: "bar-name", title: name }, name, note && h("small", {}, ` ${note}`)),
        h("span", { class: "bar-track" }, bar),
        h("span", { class: "bar-value" }, told),
      );
    }),
  );
}
