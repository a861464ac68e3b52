// Training runs to test the page with: one as a trainer would give it, and the degenerate ones.
import { hostile } from "./fixture.mjs";
import { generator } from "./host.mjs";

const longName = "a-name-of-two-hundred-characters-".repeat(7).slice(0, 200);

/** Steps of a run that learns, thinned to `kept` of `total`. */
function stepsOf(kept, total, random) {
  const step = Array.from({ length: kept }, (_, i) => Math.round(((i + 1) / kept) * total));
  const course = (s) => 0.22 + 2.1 * Math.exp((-6 * s) / total);
  return {
    step,
    loss: step.map((s) => course(s) * Math.exp(0.5 * (random() - 0.5))),
    learning_rate: step.map(
      (s) =>
        0.1 * (s < total / 20 ? (20 * s) / total : 0.5 + 0.5 * Math.cos((Math.PI * s) / total)),
    ),
    gradient_norm: step.map((s) => (0.3 + course(s)) * Math.exp(random() - 0.5)),
  };
}

function epochsOf(count, perEpoch, random) {
  return Array.from({ length: count }, (_, i) => ({
    epoch: i + 1,
    step: (i + 1) * perEpoch,
    loss: 0.22 + 2.1 * Math.exp(-0.62 * (i + 0.5)),
    test_loss: 0.27 + 1.6 * Math.exp(-0.7 * (i + 1)) + 0.02 * random(),
    accuracy: 0.925 - 0.3 * Math.exp(-0.5 * (i + 1)) + 0.004 * random(),
    seconds: 3.1 + 0.2 * random(),
  }));
}

function run() {
  const random = generator(11);
  return {
    kind: "run",
    schema: 1,
    title: "resnet20 on fashion-mnist",
    state: "finished",
    answer: "After 10 epochs resnet20 tells 92.6 % of the test images right, within 31.9 s.",
    started: "2026-11-22T09:00:00Z",
    options: {
      batch: 64,
      epochs: 10,
      learning_rate: 0.1,
      weight_decay: 1e-5,
      precision: "bf16",
      shuffle: true,
      seed: 20250304,
    },
    provenance: {
      revision: "a388538d2c1f",
      processor: "Intel Xeon Platinum 8488C, 2 CPUs",
      data: "fashion-mnist 8bd0a2f6c1",
    },
    steps: stepsOf(4000, 9370, random),
    epochs: epochsOf(10, 937, random),
    samples: [],
    checkpoints: { written: 10, writing_seconds: 0.21, waiting_seconds: 0.013, bytes: 1123456 },
    warnings: ["The last checkpoint was not yet on disk when the run ended."],
  };
}

function languageModel() {
  const random = generator(5);
  const texts = [
    "The jury tha the of and to sand wer",
    "The jury said the county was a matter of the state in the city",
    "The jury said Friday that it had found no evidence of the\nnew hospital's board.",
    "The jury said it did find that many of the laws were outmoded.",
    "The jury further said in its report that the city should take steps.",
  ];
  return {
    ...run(),
    title: "gpt-nano on brown",
    state: "running",
    answer: "After 3,000 steps the model needs 1.92 bits a character of unseen text.",
    steps: stepsOf(3000, 3000, random),
    epochs: [],
    samples: texts.map((text, i) => ({ step: 600 * (i + 1), prompt: "The jury", text })),
    warnings: [],
  };
}

function diverged() {
  const found = run();
  const at = 2400;
  const lost = (values) => values.map((v, i) => (i < at ? v : null));
  return {
    ...found,
    state: "failed",
    answer: "",
    steps: {
      ...found.steps,
      loss: lost(found.steps.loss),
      gradient_norm: lost(found.steps.gradient_norm),
    },
    epochs: found.epochs.slice(0, 6).map((e) => (e.epoch < 6 ? e : { ...e, test_loss: null })),
    warnings: ["The loss was not a finite number at step 5,623: lower the learning rate."],
  };
}

const bare = (more) => ({ kind: "run", schema: 1, title: "lenet on fashion-mnist", ...more });

export const runs = {
  run,
  "run-language-model": languageModel,
  "run-diverged": diverged,
  "run-bare": () => bare({}),
  "run-one-step": () =>
    bare({
      state: "interrupted",
      steps: { step: [1], loss: [2.3], learning_rate: [0.01] },
      epochs: [{ epoch: 1, step: 1, accuracy: 0.1 }],
    }),
  "run-epochs-only": () =>
    bare({ state: "finished", epochs: epochsOf(4, 100, generator(2)).map(({ step, ...e }) => e) }),
  "run-constant": () =>
    bare({
      steps: {
        step: [1, 2, 3],
        loss: [0, 0, 0],
        learning_rate: [0.1, 0.1, 0.1],
        gradient_norm: [],
      },
      warnings: ["Nothing is learned."],
    }),
  "run-hostile": () => ({
    ...languageModel(),
    title: hostile,
    answer: hostile,
    options: { [hostile]: hostile, [longName]: longName, nested: { a: [1] }, nothing: null },
    provenance: { flags: longName },
    samples: [{ step: 1, prompt: hostile, text: hostile + longName }],
    warnings: [hostile, longName],
  }),
};
