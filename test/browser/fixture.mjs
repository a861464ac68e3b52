// Studies to test the report with: one as a real host would give it, and the degenerate ones. Seeded, so that a
// failure can be repeated. `node fixture.mjs NAME` prints one as JSON.
import { fileURLToPath } from "node:url";
import { generator, replicatesOf } from "./host.mjs";

function quantile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

/** A plausible interval of the median: good enough to draw, not a statistic to trust. */
function interval(values) {
  if (values.length === 0) return undefined;
  const estimate = quantile(values, 0.5);
  if (values.length < 3) return { estimate, low: null, high: null, confidence: 0.95 };
  const error =
    (1.6 * (quantile(values, 0.75) - quantile(values, 0.25))) / Math.sqrt(values.length);
  return { estimate, low: estimate - error, high: estimate + error, confidence: 0.95 };
}

const measures = [
  {
    name: "throughput",
    unit: "1/s",
    label: "images per second",
    goal: "maximise",
    source: "blocks",
  },
  {
    name: "latency.p50",
    unit: "s",
    label: "median latency of a batch",
    goal: "minimise",
    source: "blocks",
  },
  { name: "accuracy", unit: "1", label: "accuracy", goal: "none", source: "artefact" },
  {
    name: "cost.per_million",
    unit: "USD",
    label: "cost of a million images",
    goal: "minimise",
    source: "derived",
  },
  { name: "memory.peak", unit: "B", label: "peak memory", goal: "none", source: "blocks" },
];

const dollarsPerHour = 0.1008;
const artefactAccuracy = { f32: 0.9043, bf16: 0.9031 };

function configurationsOf(knobs) {
  let combinations = [{}];
  for (const [name, values] of Object.entries(knobs)) {
    combinations = combinations.flatMap((c) => values.map((value) => ({ ...c, [name]: value })));
  }
  return combinations.map((values, id) => ({
    id,
    knobs: values,
    label: Object.entries(values)
      .map(([k, v]) => (typeof v === "number" ? `${k} ${v}` : v))
      .join(", "),
  }));
}

function logRatios(replicates, id, twin, measure) {
  const of = (block, aa, configuration) =>
    replicates.find((r) => r.block === block && r.aa === aa && r.configuration === configuration)
      ?.values[measure];
  const blocks = [...new Set(replicates.map((r) => r.block))];
  return blocks.flatMap((block) => {
    const [a, b] = [of(block, twin === "aa", twin === "aa" ? id : twin), of(block, false, id)];
    return a && b ? [Math.log(a / b)] : [];
  });
}

function ratioInterval(logs) {
  const i = interval(logs);
  const bound = (value) => (value === null ? null : Math.exp(value));
  return { ...i, estimate: Math.exp(i.estimate), low: bound(i.low), high: bound(i.high) };
}

function verdictOf(ratio) {
  if (ratio.low === null || ratio.high === null) return "undecided";
  if (ratio.low > 0.98 && ratio.high < 1.02) return "equivalent";
  if (ratio.high < 1) return "worse";
  return ratio.low > 1 ? "better" : "undecided";
}

function summarise(configuration, replicates, minimumAccuracy) {
  const own = replicates.filter((r) => r.configuration === configuration.id && !r.aa);
  const done = own.filter((r) => r.outcome === "ok");
  const values = (name) => done.map((r) => r.values[name]);
  const throughput = interval(values("throughput"));
  const accuracy =
    configuration.knobs.accuracy ?? artefactAccuracy[configuration.knobs.precision] ?? 0.9;
  const cost = (perSecond) =>
    perSecond === null ? null : (dollarsPerHour / 3600 / perSecond) * 1e6;
  const found = {
    throughput,
    "latency.p50": interval(values("latency.p50")),
    accuracy: {
      estimate: accuracy,
      low: accuracy - 0.0058,
      high: accuracy + 0.0057,
      confidence: 0.95,
    },
    "cost.per_million": throughput && {
      estimate: cost(throughput.estimate),
      low: cost(throughput.high),
      high: cost(throughput.low),
      confidence: 0.95,
    },
    "memory.peak": interval(values("memory.peak")),
  };
  const feasible = accuracy >= minimumAccuracy;
  return {
    ...configuration,
    blocks: done.length,
    censored: own.length - done.length,
    measures: Object.fromEntries(Object.entries(found).filter(([, value]) => value)),
    feasible,
    violated: feasible ? [] : [`accuracy >= ${minimumAccuracy}`],
    front_probability: 0,
  };
}

/** Throughput against latency: the share of blocks in which no other feasible configuration beats it in both. */
function frontProbabilities(configurations, replicates) {
  const blocks = [...new Set(replicates.map((r) => r.block))];
  const feasible = new Set(configurations.filter((c) => c.feasible).map((c) => c.id));
  for (const configuration of configurations) {
    if (!feasible.has(configuration.id)) continue;
    const wins = blocks.filter((block) => {
      const rivals = replicates.filter(
        (r) => r.block === block && !r.aa && feasible.has(r.configuration) && r.outcome === "ok",
      );
      const own = rivals.find((r) => r.configuration === configuration.id);
      return (
        own &&
        !rivals.some(
          (r) =>
            r.values.throughput > own.values.throughput &&
            r.values["latency.p50"] < own.values["latency.p50"],
        )
      );
    });
    configuration.front_probability = wins.length / blocks.length;
  }
}

function studyOf({
  knobs,
  blocks,
  seed = 1,
  minimumAccuracy = 0.88,
  objectives = ["throughput", "latency.p50"],
  ...options
}) {
  const random = generator(seed);
  const plain = options.configurations ?? configurationsOf(knobs);
  const replicates = blocks > 0 ? replicatesOf(plain, blocks, random, options) : [];
  const configurations = plain.map((c) => summarise(c, replicates, minimumAccuracy));
  if (blocks > 0) frontProbabilities(configurations, replicates);
  const candidates = blocks > 0 ? configurations.filter((c) => c.feasible) : [];
  const speed = (c) => c.measures.throughput?.estimate ?? 0;
  const chosen = [...candidates].sort((a, b) => speed(b) - speed(a))[0];
  for (const c of configurations) {
    if (!chosen || c === chosen || blocks === 0) continue;
    const ratio = ratioInterval(logRatios(replicates, chosen.id, c.id, "throughput"));
    c.against_chosen = { ratio, adjusted_p: 0.0004, verdict: verdictOf(ratio) };
  }
  const twin = plain[options.twin ?? 0];
  const effect = {};
  if (blocks > 0) {
    for (const name of ["throughput", "latency.p50", "memory.peak"]) {
      effect[name] = ratioInterval(logRatios(replicates, twin.id, "aa", name));
    }
  }
  return {
    schema: 1,
    study: "ship-a-classifier",
    question: "Which precision, batch size and number of threads should serve LeNet on this host?",
    answer: chosen
      ? {
          chosen: chosen.id,
          sentence: `Ship ${chosen.label}: it classifies ${Math.round(speed(chosen) / 1000)},000 images per second, the most of all configurations that keep accuracy above ${minimumAccuracy}.`,
          reasons: [
            "It is 1.49–1.55 times as fast as the next best, bf16, batch 128, threads 1, and 2.0–2.1 times as fast as f32 at the same batch.",
            "Its accuracy, 90.3 %, cannot be told from that of f32, 90.4 % (paired test on the same 10,000 images, p = 0.31).",
          ],
          undecided: [
            "Whether batch 32 or batch 128 is better in f32 on one thread: their difference lies between −0.9 % and +1.2 %.",
          ],
          stopped: `The budget of 60 s was spent after ${blocks} blocks; every interval was narrower than 2 % by then.`,
        }
      : {
          chosen: null,
          sentence:
            blocks > 0
              ? "Ship none of these: no configuration satisfies the constraint."
              : "Nothing was measured yet.",
          reasons: [],
          undecided: [],
          stopped:
            blocks > 0
              ? "The largest number of blocks was reached."
              : "The study was interrupted before its first block.",
        },
    objectives,
    constraints: [{ text: `accuracy >= ${minimumAccuracy}` }],
    measures,
    configurations,
    hypervolume: { estimate: 0.82, low: 0.78, high: 0.86, confidence: 0.95 },
    replicates,
    aa: {
      configuration: twin?.id ?? 0,
      effect,
      passed: !options.twinBias,
      lag1: blocks > 0 ? { throughput: 0.21, "latency.p50": 0.19, "memory.peak": -0.08 } : {},
    },
    price: {
      sku: "AWS m7i.large",
      dollars_per_hour: dollarsPerHour,
      date: "2025-02-27",
      source: "machines/prices.yaml, on demand, us-east-1",
      mapping:
        "two hyper-threads of a Sapphire Rapids core, as this host; 8 GB against this host's 7.8 GB",
    },
    provenance: {
      revision: "a388538d2c1f",
      processor: "Intel Xeon Platinum 8488C, 2 CPUs",
      flags: "-O3 -march=x86-64-v3",
      data: "fashion-mnist 8bd0a2f6c1",
      seed: "20250304",
      steal: "0.4 % of the time measured",
    },
    method: {
      blocks,
      looks: 4,
      alpha: 0.05,
      half_width: "1 %",
      budget: "60 s",
      interval: "Hodges–Lehmann with signed-rank bounds on log ratios within blocks",
      multiple_comparisons: "Benjamini–Hochberg",
    },
  };
}

const grid = { precision: ["f32", "bf16"], batch: [1, 8, 32, 128], threads: [1, 2] };

function demo() {
  const plain = configurationsOf(grid);
  const infeasible = plain.find((c) => c.label === "f32, batch 8, threads 2");
  const report = studyOf({ configurations: plain, blocks: 20, censored: [[7, 3]], twin: 6 });
  const configuration = report.configurations[infeasible.id];
  configuration.measures.accuracy = {
    estimate: 0.8712,
    low: 0.8645,
    high: 0.8777,
    confidence: 0.95,
  };
  configuration.feasible = false;
  configuration.violated = ["accuracy >= 0.88"];
  configuration.front_probability = 0;
  return report;
}

const hostile =
  "</script><b>bold</b><!-- <script>alert(1)</script> \u2028 \"quoted\", 'and' & more";

function longLabels() {
  const name =
    "a-precision-with-a-name-that-nobody-would-type-but-that-a-template-engine-will-happily-produce";
  const report = studyOf({
    knobs: { precision: [`${name}-one`, `${name}-two`], batch: [1, 128], threads: [1, 2] },
    blocks: 6,
  });
  report.study =
    "a/study with: a strange name, and a very long one that goes on and on and on and on and on";
  report.provenance.flags = "-fthis-flag-is-one-word-".repeat(12);
  return report;
}

function extreme() {
  const report = studyOf({ knobs: grid, blocks: 5 });
  report.configurations.forEach((c, i) => {
    const factor = 10 ** (i - 8);
    for (const name of ["throughput", "latency.p50", "cost.per_million", "memory.peak"]) {
      const m = c.measures[name];
      c.measures[name] = {
        ...m,
        estimate: m.estimate * factor,
        low: i % 3 === 0 ? null : m.low * factor,
        high: m.high * factor,
      };
    }
    if (c.against_chosen)
      c.against_chosen.ratio = {
        estimate: factor,
        low: factor / 2,
        high: factor * 2,
        confidence: 0.95,
      };
  });
  delete report.configurations[3].measures.throughput;
  report.configurations[4].measures.throughput = {
    estimate: 0,
    low: -1,
    high: 1,
    confidence: 0.95,
  };
  return report;
}

export const fixtures = {
  demo,
  "one-objective": () =>
    studyOf({
      knobs: { precision: ["f32", "bf16"], batch: [8, 32] },
      blocks: 12,
      seed: 3,
      objectives: ["throughput"],
    }),
  empty: () => studyOf({ configurations: [], blocks: 0 }),
  "not-started": () => studyOf({ knobs: grid, blocks: 0 }),
  single: () => studyOf({ knobs: { precision: ["bf16"], batch: [32], threads: [2] }, blocks: 10 }),
  "one-block": () => studyOf({ knobs: grid, blocks: 1 }),
  "nothing-feasible": () => studyOf({ knobs: grid, blocks: 8, minimumAccuracy: 0.95 }),
  "aa-failed": () => studyOf({ knobs: grid, blocks: 10, twin: 5, twinBias: 1.07 }),
  "long-labels": longLabels,
  extreme,
  hostile: () => {
    const report = studyOf({
      knobs: { precision: ["f32", hostile], batch: [1, 32], threads: [1, 2] },
      blocks: 5,
    });
    report.question = hostile;
    report.study = hostile;
    report.provenance[hostile] = hostile;
    return report;
  },
};

export { hostile };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const make = fixtures[process.argv[2]];
  if (make === undefined) {
    console.error(`usage: node fixture.mjs ${Object.keys(fixtures).join("|")}`);
    process.exit(2);
  }
  console.log(JSON.stringify(make()));
}
