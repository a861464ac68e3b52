// What a study's report is made from: the answer of `gnomon study export --json`, embedded in the page as one JSON
// object. The program writes it (src/study/export.cc); this file is its only description.
//
// In the page every `<` of the JSON is written `\u003c`. Escaping `</` alone is not enough: a text that holds
// `<!--` and then `<script` would keep the element open over the end of the data.

/**
 * An estimate with its confidence interval. Ratios are dimensionless; others in the measure's unit. A bound is null
 * where there is none (too few blocks, or it is infinite); a measure without an estimate is left out of its record.
 */
export interface Interval {
  estimate: number;
  low: number | null;
  high: number | null;
  confidence: number; // 0.95
}

export type Verdict = "better" | "worse" | "equivalent" | "undecided";

export interface Measure {
  name: string; // "throughput", "latency.p50", "accuracy", "cost.per_million"
  unit: string; // base unit: "1/s", "s", "1", "USD", "B"
  label: string; // for people: "images per second"
  goal: "minimise" | "maximise" | "none"; // "none": shown, not decided on
  /** How its uncertainty arises: measured in every block, or a property of one cached artefact. */
  source: "blocks" | "artefact" | "derived";
}

export interface Constraint {
  text: string; // "accuracy >= 0.88"
}

export interface Configuration {
  id: number; // position in the study's list
  knobs: Record<string, string | number>;
  label: string; // "bf16, batch 128, 2 threads"
  blocks: number; // completed replicates
  censored: number; // replicates that failed or timed out, kept and counted
  measures: Record<string, Interval>;
  feasible: boolean; // satisfies every constraint
  violated: string[]; // the constraints it violates
  front_probability: number; // probability of lying on the Pareto front
  /** Against the chosen configuration, on the first objective: ratio this ÷ chosen. Absent for the chosen one. */
  against_chosen?: { ratio: Interval; adjusted_p: number; verdict: Verdict };
}

/** One replicate: a fresh process, in one block, of one configuration. */
export interface Replicate {
  block: number;
  position: number; // order of execution inside the block
  configuration: number; // Configuration.id; the hidden A/A arm has the id of its twin and aa = true
  aa: boolean;
  started: string; // UTC
  wall: number; // seconds
  outcome: "ok" | "failed" | "timeout";
  values: Record<string, number>;
}

export interface Report {
  kind?: "study";
  schema: 1;
  study: string;
  question: string;
  answer: {
    chosen: number | null; // Configuration.id; null when nothing satisfies the constraints or nothing was measured
    sentence: string; // "Ship bf16 at batch 128 on 2 threads: ..."
    reasons: string[]; // plain sentences: what it beats and by how much
    undecided: string[]; // plain sentences: what could not be told apart
    stopped: string; // why measuring ended: "every interval is narrow enough", "budget of 60 s spent", ...
  };
  objectives: string[]; // names of measures, first is the deciding one
  constraints: Constraint[];
  measures: Measure[];
  configurations: Configuration[];
  /** Share of the box of the objectives, from the best values to a tenth of the range beyond the worst, that the front dominates. */
  hypervolume: Interval;
  replicates: Replicate[];
  /** The hidden A/A arm: one configuration measured twice per block under two names. */
  aa: {
    configuration: number;
    effect: Record<string, Interval>; // ratio twin ÷ original, per measure
    passed: boolean; // the intervals contain 1
    lag1: Record<string, number>; // lag-1 autocorrelation of the log ratios
  };
  price: {
    sku: string; // "AWS m7i.large"
    dollars_per_hour: number;
    date: string; // when the price was seen
    source: string;
    mapping: string; // how this host maps to that machine
  } | null;
  provenance: Record<string, string>; // revision, flags, processor, data hash, seeds, ...
  method: Record<string, string | number>; // blocks, looks, alpha, half-width, budget
}
