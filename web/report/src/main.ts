// Puts the page together.
import { answer } from "./answer";
import { h } from "./dom";
import { download } from "./download";
import { drift } from "./drift";
import { effects } from "./effects";
import { facts } from "./facts";
import { formatTime } from "./format";
import { readStudy, type Study } from "./study";
import { table } from "./table";
import { tradeoff } from "./tradeoff";

function masthead(study: Study): HTMLElement {
  const first = study.report.replicates.map((r) => r.started).sort()[0];
  return h(
    "header",
    { class: "masthead" },
    h("span", { class: "brand" }, "Gnomon"),
    h("span", {}, "Study ", h("b", {}, study.report.study)),
    first === undefined ? null : h("span", {}, formatTime(first)),
  );
}

function contents(sections: HTMLElement[]): HTMLElement {
  const links = sections.map((s) =>
    h("a", { href: `#${s.id}` }, s.querySelector("h2")?.textContent ?? s.id),
  );
  return h("nav", { "aria-label": "Contents" }, ...links);
}

function page(study: Study): HTMLElement[] {
  const sections = [
    tradeoff(study),
    table(study),
    effects(study),
    drift(study),
    facts(study),
    download(study),
  ].filter((part) => part !== null);
  document.title = `${study.report.study}: ${study.report.answer.sentence}`;
  return [
    masthead(study),
    h("main", {}, answer(study), contents(sections), ...sections),
    h(
      "footer",
      {},
      "Made by Gnomon. Times are UTC. This page is one file and asks nothing of any network.",
    ),
  ];
}

const root = document.getElementById("page")!;
const study = readStudy(document.getElementById("data")?.textContent ?? "");
root.replaceChildren(
  ...(typeof study === "string"
    ? [
        h(
          "main",
          {},
          h("section", { id: "answer", tabindex: -1 }, h("h1", {}, "No study"), h("p", {}, study)),
        ),
      ]
    : page(study)),
);
