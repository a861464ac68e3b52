// Profiles to test the page with: one as the profiler would give it, and the degenerate ones.
import { hostile } from "./fixture.mjs";
import { generator } from "./host.mjs";

const longName = "a-name-of-two-hundred-characters-".repeat(7).slice(0, 200);

const kinds = [
  ["convolution", "jit:avx512", 40, "compute"],
  ["matmul", "brgemm:avx512", 18, "compute"],
  ["batch_norm", "jit:avx512", 1.1, "memory"],
  ["relu", "jit:avx512", 0.25, "memory"],
  ["add", "ref", 0.12, "overhead"],
  ["softmax", "reference", 2.4, "unknown"],
];

const machine = {
  processor: "Intel Xeon Platinum 8488C, 2 CPUs",
  ceilings: [
    { name: "matmul f32, 2 threads", flops_per_second: 3.0e11 },
    { name: "matmul f32, 1 thread", flops_per_second: 1.55e11 },
  ],
  bandwidth: [
    { name: "memory", bytes_per_second: 2e10 },
    { name: "L2 cache", bytes_per_second: 1.6e11 },
  ],
};

/** Operators whose shares fall geometrically and add up to `busy`. */
function operatorsOf(count, duration, busy, random) {
  const weights = Array.from({ length: count }, (_, i) => 0.83 ** i * (0.7 + 0.6 * random()));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight, i) => {
    const [operator, implementation, intensity, bound] = kinds[i % kinds.length];
    const seconds = (weight / total) * busy * duration;
    const roof = Math.min(3.0e11, 2e10 * intensity);
    const fraction = 0.15 + 0.75 * random();
    const flops = roof * fraction * seconds;
    const bytes = flops / (intensity * (0.6 + 0.8 * random()));
    return {
      name: `${operator}${1 + Math.floor(i / kinds.length)}`,
      operator,
      implementation,
      count: 400,
      seconds,
      share: seconds / duration,
      flops,
      bytes,
      flops_per_second: flops / seconds,
      bytes_per_second: bytes / seconds,
      fraction,
      bound,
    };
  });
}

/** A tree of `count` spans: each span is divided among a few, and they among a few. */
function flameOf(name, seconds, count, random) {
  const root = { name, seconds, children: [] };
  const open = [root];
  for (let made = 1; made < count;) {
    const parent = open.shift();
    const parts = 2 + Math.floor(3 * random());
    let left = parent.seconds * 0.96;
    for (let i = 0; i < parts && made < count; i++, made++) {
      const part = i === parts - 1 ? left : left * (0.3 + 0.5 * random());
      left -= part;
      const [kind] = kinds[made % kinds.length];
      const child = { name: `${kind}${made % 37}`, seconds: part, children: [] };
      parent.children.push(child);
      open.push(child);
    }
  }
  return root;
}

function chain(depth) {
  let flame = { name: "innermost", seconds: 1, children: [] };
  for (let i = 0; i < depth; i++)
    flame = { name: `depth ${depth - i}`, seconds: 1 + i / depth, children: [flame] };
  return flame;
}

function counter(name, unit, count, value) {
  const time = Array.from({ length: count }, (_, i) => (12.3 * i) / count);
  return { name, unit, time, value: time.map(value) };
}

function profile() {
  const random = generator(3);
  const duration = 12.3;
  return {
    kind: "profile",
    schema: 1,
    title: "run.pftrace",
    answer: [
      "Convolutions take 41 % of the time and reach half of what this machine can do.",
      "The loader holds up training for 0.6 s, 5 % of the run: give it a second thread.",
      "Relu and add are limited by memory; fusing them into the convolutions would save up to 9 %.",
    ],
    duration_seconds: duration,
    steps: 400,
    step_seconds: 0.0301,
    machine,
    operators: operatorsOf(24, duration, 0.86, random),
    idle: [
      { cause: "loader", seconds: 0.6, share: 0.049 },
      { cause: "dispatch", seconds: 0.45, share: 0.037 },
      { cause: "wake-up", seconds: 0.31, share: 0.025 },
      { cause: "checkpoint", seconds: 0.1, share: 0.008 },
      { cause: "other", seconds: 0.26, share: 0.021 },
    ],
    flame: flameOf("main", duration, 300, random),
    memory: [
      { name: "arena", bytes: 21e6 },
      { name: "weights and optimiser", bytes: 3.3e6 },
      { name: "batches", bytes: 1.2e6 },
    ],
    counters: [
      counter("loss", "", 400, (t) => 0.3 + 2 * Math.exp(-t / 3)),
      counter("resident memory", "B", 120, (t) => 3e8 + 1e7 * Math.sin(t)),
      counter("batches waiting", "", 200, () => Math.floor(4 * random())),
    ],
  };
}

const functionKinds = [
  ["gnomon::exec::cpu::run_tape._omp_fn.0", ""],
  ["gnomon::train::Trainer::run", ""],
  ["jit_avx512_core_amx_fwd_kernel_t", "generated code"],
  ["no symbol", "libdnnl.so.2.6"],
  ["no symbol", "generated code"],
  ["memcpy", "libc.so.6"],
  [
    "std::__detail::_Map_base<std::string, std::pair<std::string const, std::vector<float> >, true>::operator[]",
    "",
  ],
];

/** As sampled stacks give it: functions below threads, and stacks whose callers are not known. */
function stacks(period) {
  const functions = functionKinds.map(([name, library], i) => ({
    name,
    library,
    own: Math.round(1200 * 0.5 ** i),
    total: Math.round(1900 * 0.7 ** i),
  }));
  const samples = functions.reduce((sum, { own }) => sum + own, 0);
  const scale = period || 1;
  const qualified = ({ name, library }) => (library === "" ? name : `${name} [${library}]`);
  const spans = (some) =>
    some.map((f) => ({ name: qualified(f), seconds: f.own * scale, children: [] }));
  const around = (name, children) => ({
    name,
    seconds: children.reduce((sum, c) => sum + c.seconds, 0),
    children,
  });
  return {
    kind: "profile",
    schema: 1,
    title: "run.folded",
    answer: [
      "Of the CPU time, 63 % in the program itself, 19 % in libdnnl.so.2.6, 17 % in generated code.",
      "The function with the most time of its own is gnomon::exec::cpu::run_tape._omp_fn.0: 50 %.",
      "9 % of the samples are in code without a name.",
    ],
    flame: around("all threads", [
      around("main", [around("_start", [around("main", spans(functions.slice(0, 2)))])]),
      around("thread 2", [
        around("callers not known", spans(functions.slice(2, 5))),
        around("start_thread [libc.so.6]", spans(functions.slice(5))),
      ]),
    ]),
    stacks: {
      samples,
      lost: 3,
      period_seconds: period,
      threads: 2,
      callers_unknown: 525,
      callers_unknown_generated: 375,
      functions,
      functions_left_out: 12,
      libraries: [
        { library: "", own: 1819, unnamed: 0 },
        { library: "libdnnl.so.2.6", own: 150, unnamed: 150 },
        { library: "generated code", own: 375, unnamed: 75 },
      ],
    },
  };
}

const verdicts = ["better", "worse", "equivalent", "undecided"];

function compared() {
  const found = profile();
  const rows = found.operators.map(({ name, seconds, count }, i) => {
    const ratio = [0.72, 1.18, 1.002, 0.97][i % 4];
    const spread = [0.03, 0.05, 0.006, 0.2][i % 4];
    const after = seconds / count;
    return {
      name,
      before_seconds: after / ratio,
      after_seconds: after,
      ratio,
      low: ratio * (1 - spread),
      high: ratio * (1 + spread),
      verdict: verdicts[i % 4],
    };
  });
  rows.push({ name: "new here", after_seconds: 0.001, verdict: "undecided" });
  return { ...found, comparison: { against: "other.pftrace", rows } };
}

function large() {
  const random = generator(9);
  return {
    ...profile(),
    operators: operatorsOf(500, 12.3, 0.9, random).map((o, i) => ({
      ...o,
      name: i % 5 === 0 ? `${longName}${i}` : o.name,
    })),
    flame: flameOf(longName, 12.3, 5000, random),
  };
}

const bare = (more) => ({ kind: "profile", schema: 1, title: "run.pftrace", ...more });

export const profiles = {
  profile,
  "profile-compared": compared,
  "profile-large": large,
  "profile-bare": () => bare({}),
  "profile-no-operators": () => ({ ...profile(), operators: [], machine: {} }),
  "profile-one-operator": () =>
    bare({
      operators: [{ name: "matmul", seconds: 1, share: 1, count: 1, flops: 1e9, bytes: 1e6 }],
      flame: { name: "main", seconds: 1, children: [{ name: "matmul", seconds: 1 }] },
      counters: [{ name: "loss", unit: "", time: [0], value: [1] }],
    }),
  "profile-deep": () => bare({ flame: chain(1000) }),
  "profile-parallel": () =>
    bare({
      flame: {
        name: "main",
        seconds: 1,
        children: [
          { name: "thread 1", seconds: 1, children: [] },
          { name: "thread 2", seconds: 1, children: [] },
          { name: "nothing", seconds: 0, children: [] },
        ],
      },
    }),
  "profile-stacks": () => stacks(1 / 199),
  "profile-stacks-no-period": () => stacks(0),
  "profile-stacks-hostile": () => {
    const found = stacks(1 / 199);
    const [first, second] = found.stacks.functions;
    return {
      ...found,
      flame: { name: hostile, seconds: 1, children: [{ name: longName, seconds: 1 }] },
      stacks: {
        ...found.stacks,
        functions: [
          { ...first, name: hostile, library: hostile },
          { ...second, name: longName, library: longName },
          { ...second, name: "", library: "" },
        ],
        libraries: [{ library: hostile, own: 1, unnamed: 1 }],
      },
    };
  },
  "profile-stacks-empty": () => bare({ stacks: {} }),
  "profile-hostile": () => {
    const found = compared();
    const [first, second] = found.operators;
    return {
      ...found,
      title: hostile,
      answer: [hostile, hostile, longName],
      machine: {
        processor: hostile,
        ceilings: [{ name: hostile, flops_per_second: 3e11 }],
        bandwidth: [{ name: longName, bytes_per_second: 2e10 }],
      },
      operators: [
        { ...first, name: hostile, operator: hostile, implementation: longName, bound: "new" },
        { ...second, name: longName, seconds: 0, flops: 0 },
        { ...second, name: "", flops: 1e300 },
      ],
      idle: [{ cause: hostile, seconds: 1, share: 0.1 }],
      flame: {
        name: hostile,
        seconds: 2,
        children: [{ name: hostile, seconds: 1, children: [{ name: longName, seconds: 1 }] }],
      },
      memory: [
        { name: hostile, bytes: 1 },
        { name: longName, bytes: 0 },
      ],
      counters: [
        { name: hostile, unit: hostile, time: [0, 1, 2], value: [1, null, 3] },
        { name: longName, unit: "", time: [], value: [] },
      ],
      comparison: {
        against: hostile,
        rows: [{ ...found.comparison.rows[0], name: hostile, verdict: "new" }],
      },
    };
  },
};

/** Data that no page can show. */
export const unshowable = {
  "profile-misshapen": () => bare({ operators: [{ name: "matmul", seconds: "1 s" }] }),
  "kind-unknown": () => ({ ...bare({}), kind: "poem" }),
  "schema-unknown": () => ({ ...bare({}), schema: 2 }),
};
