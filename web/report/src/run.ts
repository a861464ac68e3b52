// What the page of a training run is made from, embedded as one JSON object. This file is its only description; data.ts
// says how it must be escaped. Any field after `title` may be absent. A number that is not finite is null.
import {
  amount,
  list,
  number,
  object,
  oneOf,
  plain,
  record,
  sameLength,
  text,
  type Decoded,
} from "./decode";

/** Per step, thinned by the program to at most 4000; lists of equal length. */
const steps = object({
  step: list(amount),
  loss: list(number), // of the training batch
  learning_rate: list(number),
  gradient_norm: list(number), // may be absent
});

const epoch = object({
  epoch: amount, // 1 is the first
  step: number, // the last of this epoch
  loss: number, // mean over the epoch's batches
  test_loss: number,
  accuracy: number, // on the test set, 0 to 1
  seconds: number, // wall time of this epoch
});

/** What a language model wrote when it was asked to go on from the prompt. */
const sample = object({ step: amount, prompt: text, text });

const checkpoints = object({
  written: amount,
  writing_seconds: amount, // in the background
  waiting_seconds: amount, // that training stood still for them
  bytes: amount, // of the last one
});

const run = object({
  kind: oneOf("run"),
  schema: amount,
  title: text, // "resnet20 on fashion-mnist"
  state: oneOf("", "running", "finished", "interrupted", "killed", "failed"), // when the page was written
  answer: text, // one sentence
  started: text, // UTC, "2026-11-22T09:00:00Z"
  options: record(plain),
  provenance: record(plain),
  steps,
  epochs: list(epoch),
  samples: list(sample),
  checkpoints,
  warnings: list(text), // sentences
});

export type Run = Decoded<typeof run>;
export type Epoch = Decoded<typeof epoch>;
export type Sample = Decoded<typeof sample>;

/** Throws Misshapen, which says what is not as described here. */
export function readRun(data: unknown): Run {
  const found = run(data, "");
  sameLength(found.steps, "steps", ["learning_rate", "gradient_norm", "loss"]);
  return found;
}
