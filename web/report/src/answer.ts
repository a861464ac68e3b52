// What every answer is built from: banners, large figures, lists of sentences.
import { h, type Child } from "./dom";
import { unbroken } from "./format";

export function banner(title: string, ...text: string[]): HTMLElement {
  return h(
    "div",
    { class: "banner", role: "alert" },
    h("strong", {}, title),
    ...text.map((t) => h("p", {}, unbroken(t))),
  );
}

export interface Figure {
  label: string;
  value: string;
  note: string; // small, beneath; may be ""
}

/** A few figures, large, under what they are figures of. */
export function figures(caption: Child[], items: Figure[]): HTMLElement | null {
  if (items.length === 0) return null;
  return h(
    "div",
    { class: "chosen" },
    caption.length === 0 ? null : h("p", { class: "caption" }, ...caption),
    h(
      "dl",
      { class: "figures" },
      ...items.map(({ label, value, note }) =>
        h("div", {}, h("dt", {}, label), h("dd", {}, h("b", {}, value), h("small", {}, note))),
      ),
    ),
  );
}

export function list(title: string, sentences: string[], kind: string): HTMLElement | null {
  if (sentences.length === 0) return null;
  return h(
    "div",
    { class: kind },
    h("h2", {}, title),
    h("ul", {}, ...sentences.map((s) => h("li", {}, unbroken(s)))),
  );
}

/** The first section of a page: what is wrong, what it is about, the sentence, and what follows it. */
export function answerSection(
  banners: HTMLElement[],
  about: string,
  sentence: string,
  ...children: Child[]
): HTMLElement {
  return h(
    "section",
    { id: "answer", tabindex: -1, "aria-labelledby": "sentence" },
    ...banners,
    about === "" ? null : h("p", { class: "question" }, about),
    h("h1", { id: "sentence" }, unbroken(sentence)),
    ...children,
  );
}
