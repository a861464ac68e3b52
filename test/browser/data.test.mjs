// What the page makes of data before it draws: reading, smoothing, the layout of the flame graph.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { load } from "./load.mjs";
import { profiles } from "./profiles.mjs";
import { runs } from "./runs.mjs";

const { readRun } = await load("run.ts");
const { readProfile } = await load("profile.ts");
const { smoothed } = await load("smoothing.ts");
const { dotsOf, roofOf } = await load("profile/roof.ts");
const { everySpan, placed, search, spansOf } = await load("profile/flame_layout.ts");

describe("reading", () => {
  test("a run as promised is read as it is", () => {
    const run = runs.run();
    assert.deepEqual(readRun(run), run);
  });
  test("a profile as promised is read as it is", () => {
    const profile = profiles["profile-compared"]();
    const read = readProfile(profile);
    const { before_seconds, ratio, low, high } = read.comparison.rows.at(-1);
    assert.deepEqual([before_seconds, ratio, low, high], [null, null, null, null]);
    read.comparison.rows.pop();
    profile.comparison.rows.pop();
    assert.deepEqual(read, { ...profile, stacks: null });
  });
  test("whatever is absent is empty", () => {
    const run = readRun({ title: "x" });
    assert.deepEqual([run.epochs, run.steps.loss, run.state, run.options], [[], [], "", {}]);
    const profile = readProfile({ title: "x" });
    assert.deepEqual(
      [profile.operators, profile.flame, profile.comparison, profile.machine.ceilings],
      [[], null, null, []],
    );
  });
  for (const [data, message] of [
    [
      { epochs: [{ loss: 1 }, { loss: "low" }] },
      /^epochs\[1\]\.loss should be a number, but is "low"$/,
    ],
    [{ steps: [] }, /^steps should be an object/],
    [{ title: 3 }, /^title should be a text/],
    [{ warnings: "none" }, /^warnings should be a list/],
    [[], /^the data should be an object/],
    [
      { steps: { step: [1, 2], loss: [1], gradient_norm: [] } },
      /^steps: its lists should be of one length, but are of step 2, loss 1$/,
    ],
  ]) {
    test(`${JSON.stringify(data)} is no run`, () => {
      assert.throws(() => readRun(data), { message });
    });
  }
  test("a wrong span deep in the flame graph is named by its path", () => {
    const flame = { name: "a", seconds: 1, children: [{ name: "b", seconds: "1" }] };
    assert.throws(() => readProfile({ flame }), { message: /^flame\.children\[0\]\.seconds/ });
  });
  test("a word of a newer program is read as not known", () => {
    assert.equal(readRun({ state: "paused" }).state, "");
    assert.equal(readProfile({ operators: [{ bound: "network" }] }).operators[0].bound, "unknown");
  });
});

describe("smoothing", () => {
  test("keeps a constant, skips gaps, keeps the length", () => {
    const values = Array.from({ length: 400 }, (_, i) => (i % 7 === 0 ? null : 2));
    const means = smoothed(values);
    assert.equal(means.length, 400);
    assert.ok(means.every((m) => m === 2));
  });
  test("is null where nothing near is known", () => {
    const means = smoothed([1, 1, 1, null, null, null, null, 1, 1, 1]);
    assert.deepEqual(means.slice(3, 7), [1, null, null, 1]);
  });
});

describe("the layout of the flame graph", () => {
  const leaf = (name, seconds) => ({ name, seconds, children: [] });
  const tree = () =>
    spansOf({
      name: "main",
      seconds: 10,
      children: [
        { name: "step", seconds: 6, children: [leaf("conv", 4), leaf("step inner", 1)] },
        leaf("conv", 3),
      ],
    });

  test("spans lie under their parents, one after the other", () => {
    const whole = tree();
    assert.deepEqual(
      everySpan(whole).map(({ name, start, extent, depth }) => [name, start, extent, depth]),
      [
        ["main", 0, 10, 0],
        ["step", 0, 6, 1],
        ["conv", 6, 3, 1],
        ["conv", 0, 4, 2],
        ["step inner", 4, 1, 2],
      ],
    );
  });
  test("spans that ran beside each other share their parent's width", () => {
    const whole = spansOf({ name: "main", seconds: 1, children: [leaf("a", 1), leaf("b", 1)] });
    assert.deepEqual(
      whole.children.map((s) => [s.start, s.extent, s.seconds]),
      [
        [0, 0.5, 1],
        [0.5, 0.5, 1],
      ],
    );
  });
  test("what fills the width stands under what it lies in, and narrow spans are left out", () => {
    const whole = tree();
    const shown = placed(whole.children[0], 0.2).map((p) => [p.span.name, p.left, p.width]);
    assert.deepEqual(shown, [
      ["main", 0, 1],
      ["step", 0, 1],
      ["conv", 0, 4 / 6],
    ]);
  });
  test("search counts each moment once", () => {
    const found = search(tree(), "STEP");
    assert.deepEqual([found.spans.size, found.seconds], [2, 6]);
    assert.equal(search(tree(), "conv").seconds, 7);
    assert.equal(search(tree(), "nothing").spans.size, 0);
  });
});

describe("the geometry of the roofline", () => {
  const machine = {
    ceilings: [
      { name: "two threads", flops_per_second: 100 },
      { name: "one thread", flops_per_second: 50 },
    ],
    bandwidth: [
      { name: "memory", bytes_per_second: 10 },
      { name: "cache", bytes_per_second: 20 },
    ],
  };
  const at = (intensity) => ({ name: "x", seconds: 1, share: 1, flops: intensity, bytes: 1 });

  test("slopes end at the highest flat, flats begin at the steepest slope", () => {
    const profile = readProfile({ machine, operators: [at(0.3)] });
    const { x, lines } = roofOf(profile, dotsOf(profile, false));
    assert.deepEqual(x, [0.3 / 3, 30]);
    const ends = Object.fromEntries(lines.map(({ name, points }) => [name, points]));
    assert.deepEqual(ends["two threads"][0], { x: 5, y: 100 });
    assert.deepEqual(ends["one thread"][0], { x: 2.5, y: 50 });
    assert.deepEqual(ends.memory[1], { x: 10, y: 100 });
    assert.deepEqual(ends.cache[1], { x: 5, y: 100 });
  });
  test("operators without FLOP or bytes have no place", () => {
    const operators = [at(1), { ...at(1), bytes: 0 }, { ...at(0) }, { ...at(1), seconds: 0 }];
    assert.equal(dotsOf(readProfile({ operators }), false).length, 1);
  });
});
