// Reading the embedded report and the questions that several parts of the page ask of it.
import type { Configuration, Interval, Measure, Replicate, Report } from "./data";

export class Study {
  readonly chosen: Configuration | null;
  private readonly measuresByName: Map<string, Measure>;
  private readonly fractions: Set<string>;

  constructor(readonly report: Report) {
    this.chosen = report.configurations.find((c) => c.id === report.answer.chosen) ?? null;
    this.measuresByName = new Map(report.measures.map((measure) => [measure.name, measure]));
    this.fractions = new Set(
      report.measures.filter((m) => isFraction(m, report)).map((m) => m.name),
    );
  }

  /** The measure of this name; one that is not described is shown under its own name. */
  measure(name: string): Measure {
    return (
      this.measuresByName.get(name) ?? {
        name,
        unit: "",
        label: name,
        goal: "none",
        source: "blocks",
      }
    );
  }

  /** Whether this measure is shown in per cent: dimensionless and always between 0 and 1. */
  fraction(name: string): boolean {
    return this.fractions.has(name);
  }

  /** The measure that decides, or null in a study without objectives. */
  get deciding(): Measure | null {
    const name =
      this.report.objectives[0] ?? this.report.measures.find((m) => m.goal !== "none")?.name;
    return name === undefined ? null : this.measure(name);
  }

  /** Measures that at least one configuration has, objectives first. */
  get shown(): Measure[] {
    const present = this.report.measures.filter((m) =>
      this.report.configurations.some((c) => c.measures[m.name]),
    );
    const rank = (m: Measure) => this.report.objectives.indexOf(m.name) + 1 || 1000;
    return [...present].sort((a, b) => rank(a) - rank(b));
  }

  /** Knobs that take more than one value, each with its values in the study's order (numbers ascending). */
  get knobs(): { name: string; values: (string | number)[] }[] {
    const names = new Set(this.report.configurations.flatMap((c) => Object.keys(c.knobs)));
    return [...names]
      .map((name) => ({ name, values: knobValues(this.report.configurations, name) }))
      .filter((knob) => knob.values.length > 1);
  }
}

function isFraction(measure: Measure, report: Report): boolean {
  const values = report.configurations.flatMap((c) => c.measures[measure.name]?.estimate ?? []);
  return measure.unit === "1" && values.length > 0 && values.every((v) => v >= 0 && v <= 1);
}

function knobValues(configurations: Configuration[], name: string): (string | number)[] {
  const values = [...new Set(configurations.flatMap((c) => c.knobs[name] ?? []))];
  return values.every((v) => typeof v === "number")
    ? values.sort((a, b) => Number(a) - Number(b))
    : values;
}

export function bounds(interval: Interval): [number, number] {
  return [interval.low ?? interval.estimate, interval.high ?? interval.estimate];
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A completed replicate's value of a measure, or null. */
export function valueOf(replicate: Replicate, measure: string): number | null {
  const value = replicate.values[measure];
  return replicate.outcome === "ok" && typeof value === "number" && Number.isFinite(value)
    ? value
    : null;
}

export const verdictWords = {
  better: { symbol: "▲", word: "better" },
  worse: { symbol: "▼", word: "worse" },
  equivalent: { symbol: "=", word: "equivalent" },
  undecided: { symbol: "?", word: "undecided" },
} as const;

/** Words for a ratio of this measure. */
export function ratioWords(measure: Measure): { more: string; less: string; times: string } {
  return measure.unit === "s"
    ? { more: "longer", less: "shorter", times: "as long" }
    : { more: "higher", less: "lower", times: "as high" };
}
