// The frame of every page: masthead, the answer, contents, parts, footer.
import { h } from "./dom";
import { formatTime } from "./format";

/** What a page shows, whatever it is about. */
export interface Page {
  kind: string; // "Study", before the name
  name: string;
  date: string; // "" when it is not known
  title: string; // of the window
  answer: HTMLElement;
  parts: (HTMLElement | null)[];
}

function masthead(page: Page): HTMLElement {
  return h(
    "header",
    { class: "masthead" },
    h("span", { class: "brand" }, "Gnomon"),
    h("span", {}, `${page.kind} `, h("b", {}, page.name)),
    page.date === "" ? null : h("span", {}, formatTime(page.date)),
  );
}

function contents(parts: HTMLElement[]): HTMLElement {
  const links = parts.map((part) =>
    h("a", { href: `#${part.id}` }, part.querySelector("h2")?.textContent ?? part.id),
  );
  return h("nav", { "aria-label": "Contents" }, ...links);
}

export function show(page: Page): HTMLElement[] {
  const parts = page.parts.filter((part) => part !== null);
  document.title = page.title;
  return [
    masthead(page),
    h("main", {}, page.answer, contents(parts), ...parts),
    h(
      "footer",
      {},
      "Made by Gnomon. Times are UTC. This page is one file and asks nothing of any network.",
    ),
  ];
}

/** The page of data that cannot be shown. */
export function showProblem(reason: string): HTMLElement[] {
  return [
    h(
      "main",
      {},
      h(
        "section",
        { id: "answer", tabindex: -1 },
        h("h1", {}, "Nothing to show"),
        h("p", {}, reason),
      ),
    ),
  ];
}
