// What the page of a profile is made from, embedded as one JSON object. This file is its only description; data.ts says
// how it must be escaped. Any field after `title` may be absent. Seconds, bytes and FLOP are totals over the recording
// unless named "per second"; shares are fractions of its duration.
import {
  amount,
  list,
  number,
  object,
  oneOf,
  optional,
  sameLength,
  text,
  type Decoded,
} from "./decode";

/** What the machine was measured to do at best: the lines of the roofline. */
const machine = object({
  processor: text,
  ceilings: list(object({ name: text, flops_per_second: amount })),
  bandwidth: list(object({ name: text, bytes_per_second: amount })),
});

const operator = object({
  name: text, // "conv1"
  operator: text, // "convolution"
  implementation: text, // "jit:avx512"
  count: amount,
  seconds: amount,
  share: amount,
  flops: amount, // 0: unknown, so the operator is not on the roofline
  bytes: amount,
  flops_per_second: amount,
  bytes_per_second: amount,
  fraction: number, // of what the machine can do at this intensity
  bound: oneOf("unknown", "compute", "memory", "overhead"),
});

const idle = object({
  cause: text, // "loader", "dispatch", "wake-up", "checkpoint", "other"
  seconds: amount,
  share: amount,
});

/** A span of time and those within it, in order. */
export interface Flame {
  name: string;
  seconds: number;
  children: Flame[];
}
const span = object({ name: text, seconds: amount, children: list((value) => value) });

/** Not by recursion: spans may lie deeper than the script's stack. */
function flame(value: unknown, path: string): Flame {
  const found: Flame[] = [];
  const open = [{ value, path, siblings: found }];
  for (const { value, path, siblings } of open) {
    const read = span(value, path);
    const children: Flame[] = [];
    siblings.push({ ...read, children });
    read.children.forEach((child, i) =>
      open.push({ value: child, path: `${path}.children[${i}]`, siblings: children }),
    );
  }
  return found[0]!;
}

const counter = object({ name: text, unit: text, time: list(amount), value: list(number) });

const comparison = object({
  against: text, // "other.pftrace"
  rows: list(
    object({
      name: text,
      before_seconds: number, // of one call, in `against`
      after_seconds: number, // of one call, here
      ratio: number, // after ÷ before
      low: number,
      high: number,
      verdict: oneOf("undecided", "better", "worse", "equivalent"),
    }),
  ),
});

/** Sampled stacks. Of functions and libraries, amounts are samples. */
const stacks = object({
  samples: amount,
  lost: amount,
  period_seconds: amount, // of CPU time a sample; 0: not known, so the flame graph is in samples
  threads: amount,
  callers_unknown: amount,
  callers_unknown_generated: amount, // of these, how many because the stack ended in generated code
  functions: list(
    object({
      name: text, // "no symbol" if it has none
      library: text, // "libdnnl.so.2.6", "generated code"; "" is the program itself
      own: amount,
      total: amount, // with what it called
    }),
  ),
  functions_left_out: amount,
  libraries: list(object({ library: text, own: amount, unnamed: amount })),
});

const profile = object({
  kind: oneOf("profile"),
  schema: amount,
  title: text, // "run.pftrace"
  answer: list(text), // sentences, the most important first
  duration_seconds: amount,
  steps: amount,
  step_seconds: amount, // the median of their times
  machine,
  operators: list(operator),
  idle: list(idle),
  flame: optional(flame),
  memory: list(object({ name: text, bytes: amount })),
  counters: list(counter),
  comparison: optional(comparison),
  stacks: optional(stacks),
});

export type Profile = Decoded<typeof profile>;
export type Operator = Decoded<typeof operator>;
export type Counter = Decoded<typeof counter>;
export type Stacks = Decoded<typeof stacks>;
export type Comparison = Decoded<typeof comparison>;
export type Bound = Operator["bound"];

/** Throws Misshapen, which says what is not as described here. */
export function readProfile(data: unknown): Profile {
  const found = profile(data, "");
  found.counters.forEach(({ time, value }, i) => sameLength({ time, value }, `counters[${i}]`, []));
  return found;
}
