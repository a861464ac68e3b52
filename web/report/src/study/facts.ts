// Accuracy, price, method and provenance as definition lists.
import { h, section } from "../dom";
import { capitalised, card, cards, definitions, entriesOf, type Definition } from "../facts";
import { formatConstraint, formatInterval, formatTime, formatValue } from "../format";
import type { Study } from "../study";

/** Configurations that share an artefact share its value; each group is one line. */
function artefacts(study: Study): HTMLElement[] {
  return study.shown
    .filter((measure) => measure.source === "artefact")
    .map((measure) => {
      const groups = new Map<string, { value: string; labels: string[] }>();
      for (const c of study.report.configurations) {
        const interval = c.measures[measure.name];
        if (interval === undefined) continue;
        const { estimate, range } = formatInterval(
          interval,
          measure.unit,
          study.fraction(measure.name),
        );
        const value = range === "" ? estimate : `${estimate} (${range})`;
        const group = groups.get(value) ?? { value, labels: [] };
        group.labels.push(c.label);
        groups.set(value, group);
      }
      return card(
        capitalised(measure.label),
        h(
          "p",
          { class: "muted" },
          "A property of one artefact, trained once and measured once: its interval tells what the test set leaves " +
            "open, not what another training run would give.",
        ),
        definitions([...groups.values()].map((g) => [g.value, common(g.labels)])),
      );
    });
}

function common(labels: string[]): string {
  return labels.length <= 3
    ? labels.join("; ")
    : `${labels.slice(0, 2).join("; ")}; and ${labels.length - 2} more`;
}

function price(study: Study): HTMLElement {
  const { price } = study.report;
  if (price === null)
    return card(
      "Price",
      h("p", { class: "muted" }, "No price was mapped to this host; costs are not stated."),
    );
  return card(
    "Price",
    definitions([
      ["Rented as", price.sku],
      [
        "Price",
        `$${price.dollars_per_hour.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 5 })} per hour`,
      ],
      ["Seen on", formatTime(price.date)],
      ["Source", price.source],
      ["Mapping", price.mapping],
    ]),
  );
}

function span(study: Study): Definition[] {
  const { replicates } = study.report;
  if (replicates.length === 0) return [];
  const starts = replicates.map((r) => r.started).sort();
  const wall = replicates.reduce((sum, r) => sum + r.wall, 0);
  const censored = replicates.filter((r) => r.outcome !== "ok").length;
  return [
    ["First replicate", formatTime(starts[0]!)],
    ["Last replicate", formatTime(starts[starts.length - 1]!)],
    [
      "Replicates",
      `${replicates.length.toLocaleString("en")}, each a fresh process; ${censored} censored`,
    ],
    ["Time measured", formatValue(wall, "s")],
  ];
}

export function facts(study: Study): HTMLElement {
  const { report } = study;
  const asked: Definition[] = [
    ...report.objectives.map((name): Definition => [
      capitalised(study.measure(name).goal),
      study.measure(name).label,
    ]),
    ...report.constraints.map((c): Definition => ["Subject to", formatConstraint(c.text)]),
  ];
  return section(
    "facts",
    "What stands behind it",
    null,
    cards(
      ...artefacts(study),
      price(study),
      card("Method", definitions([...asked, ...entriesOf(report.method)])),
      card("Provenance", definitions([...span(study), ...entriesOf(report.provenance)])),
    ),
  );
}
