// Numbers as people write them, and where ticks fall.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const format = await load("format.ts");
const { logarithmicTicks, ratioTicks, tickDigits } = await load("ticks.ts");

const plain = (text) => text.replaceAll("\u202f", " ").replaceAll("\u2212", "-");

for (const [value, unit, fraction, expected] of [
  [41234, "1/s", false, "41,200 /s"],
  [0.00123, "s", false, "1.23 ms"],
  [0.99999, "s", false, "1.00 s"],
  [90, "s", false, "1.50 min"],
  [0.000683, "USD", false, "$0.00068"],
  [1.23456, "USD", false, "$1.23"],
  [-1.5, "USD", false, "-$1.50"],
  [1.2e-8, "USD", false, "$1.2×10⁻⁸"],
  [0.9043, "1", true, "90.4 %"],
  [2.5e9, "B", false, "2.50 GB"],
  [512, "B", false, "512 B"],
  [0, "s", false, "0.00 ns"],
  [3e18, "1/s", false, "3×10¹⁸ /s"],
  [null, "s", false, "–"],
  [NaN, "s", false, "–"],
]) {
  test(`${value} ${unit} is ${expected}`, () => {
    assert.equal(plain(format.formatValue(value, unit, fraction)), expected);
  });
}

for (const [estimate, low, high, unit, fraction, expected, range] of [
  [41234, 40912, 41533, "1/s", false, "41,200 /s", "40,900–41,500 /s"],
  [0.9031, 0.8973, 0.9088, "1", true, "90.3 %", "89.7–90.9 %"],
  [0.00123, 0.00122, 0.00124, "s", false, "1.23 ms", "1.22–1.24 ms"],
  [0.00123, null, 0.00124, "s", false, "1.23 ms", ""],
  [0.9, 0.9, 0.9, "1", true, "90.0 %", ""],
  [0.00068, 0.00066, 0.0007, "USD", false, "$0.000680", "$0.000660–0.000700"],
]) {
  test(`${estimate} (${low} to ${high}) ${unit} is ${expected} (${range})`, () => {
    const shown = format.formatInterval({ estimate, low, high }, unit, fraction);
    assert.deepEqual([plain(shown.estimate), plain(shown.range)], [expected, range]);
  });
}

const words = { more: "higher", less: "lower", times: "as high" };
for (const [low, high, expected] of [
  [0.79, 0.85, "15–21 % lower"],
  [1.012, 1.034, "1.2–3.4 % higher"],
  [2.3, 2.6, "2.30–2.60× as high"],
  [0.991, 1.012, "-0.9 % to +1.2 %"],
  [0.0492, 0.05, "95.0–95.1 % lower"],
]) {
  test(`a ratio of ${low} to ${high} is ${expected}`, () => {
    assert.equal(plain(format.describeRatio(low, high, words)), expected);
  });
}

test("probabilities near 0 and 1 are not called certain", () => {
  const shown = [0, 0.001, 0.426, 0.999, 1].map((p) => plain(format.formatProbability(p)));
  assert.deepEqual(shown, ["0 %", "<1 %", "43 %", ">99 %", "100 %"]);
});

test("times are told in UTC, other text is left alone", () => {
  assert.equal(format.formatTime("2025-03-04T09:30:12Z"), "4 Mar 2025, 09:30 UTC");
  assert.equal(format.formatTime("2025-03-04T01:30:12+02:00"), "3 Mar 2025, 23:30 UTC");
  assert.equal(format.formatTime("2025-03-04 09:30:12"), "4 Mar 2025, 09:30 UTC");
  assert.equal(format.formatTime("2025-02-27"), "27 Feb 2025");
  assert.equal(format.formatTime("Intel Xeon"), "Intel Xeon");
  assert.equal(format.formatTime("2025-99-99"), "2025-99-99");
});

test("no line of a sentence breaks before a unit", () => {
  const sentence = "It took 12 ms, 5 % of 2 s, in 400 steps of 3 models; 41 GFLOP/s, 2 KiB, 9 /s.";
  assert.equal(
    format.unbroken(sentence).replaceAll("\u00a0", "_"),
    "It took 12_ms, 5_% of 2_s, in 400 steps of 3 models; 41_GFLOP/s, 2_KiB, 9_/s.",
  );
});

for (const [low, step] of [
  [0.04999, 2e-6],
  [0.0004999998, 1e-10],
  [0.00001, 1e-9],
  [0.9998, 0.00005],
  [1234000, 50],
]) {
  test(`ticks from ${low} by ${step} are told apart`, () => {
    const values = [0, 1, 2, 3, 4].map((i) => low + i * step);
    const significant = tickDigits([low, values[4]], 5);
    const labels = values.map((v) => format.formatTick(v, "", false, significant));
    assert.equal(new Set(labels).size, 5, labels.join(" "));
  });
}

test("long names lose their middle", () => {
  assert.equal(format.shorten("short", 10), "short");
  assert.equal(format.shorten("a-long-name, batch 128, threads 2", 20), "a-long…28, threads 2");
  assert.ok(format.shorten("x".repeat(99), 20).length <= 20);
});

test("logarithmic ticks are round and few", () => {
  assert.deepEqual(logarithmicTicks([0.9, 12], 5), [1, 2, 5, 10]);
  const many = logarithmicTicks([1e-9, 1e9], 6);
  assert.ok(many.length <= 6 && many.length >= 3);
});

test("ticks of ratios include 1 and stay within", () => {
  for (const domain of [
    [0.97, 1.04],
    [0.5, 1.01],
    [0.04, 1.1],
    [0.9, 400],
  ]) {
    const ticks = ratioTicks(domain, 8);
    assert.ok(ticks.includes(1) && ticks.length <= 8 && ticks.length >= 2, String(ticks));
    assert.ok(ticks.every((t) => t >= domain[0] && t <= domain[1]));
  }
});
