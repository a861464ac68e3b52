// Numbers, units and times as people write them: 41,200 /s; 1.23 ms; $0.00068; 15–21 %; 4 Mar 2025, 09:30 UTC.

const thin = "\u202f"; // narrow no-break space, between a number and its unit
const minus = "\u2212";

/** How a value is shown: divided by `divisor`, between `prefix` and `suffix`. */
interface Scale {
  divisor: number;
  prefix: string;
  suffix: string;
}

function step(value: number, steps: [number, string][]): Scale {
  const found =
    steps.find(([divisor]) => Math.abs(value) >= divisor * 0.9995) ?? steps[steps.length - 1]!;
  return { divisor: found[0], prefix: "", suffix: thin + found[1] };
}

/** The scale that suits a value of this unit. Fractions (unit "1" within 0…1) are shown in per cent. */
function scaleOf(value: number, unit: string, fraction: boolean): Scale {
  switch (unit) {
    case "s":
      return step(value, [
        [86400, "d"],
        [3600, "h"],
        [60, "min"],
        [1, "s"],
        [1e-3, "ms"],
        [1e-6, "µs"],
        [1e-9, "ns"],
      ]);
    case "B":
    case "B/s":
    case "FLOP":
    case "FLOP/s":
      return step(value, [
        [1e15, `P${unit}`],
        [1e12, `T${unit}`],
        [1e9, `G${unit}`],
        [1e6, `M${unit}`],
        [1e3, `k${unit}`],
        [1, unit],
      ]);
    case "USD":
      return { divisor: 1, prefix: "$", suffix: "" };
    case "1":
      return fraction
        ? { divisor: 0.01, prefix: "", suffix: thin + "%" }
        : { divisor: 1, prefix: "", suffix: "" };
    case "1/s":
      return { divisor: 1, prefix: "", suffix: thin + "/s" };
    default:
      return { divisor: 1, prefix: "", suffix: unit === "" ? "" : thin + unit };
  }
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function scientific(value: number, significant = 2): string {
  const [mantissa, exponent] = value.toExponential(significant - 1).split("e") as [string, string];
  const raised = [...exponent.replace("+", "")]
    .map((c) => (c === "-" ? "⁻" : superscripts[Number(c)]))
    .join("");
  return `${String(Number(mantissa)).replace("-", minus)}×10${raised}`;
}

/** Rounds to a multiple of 10^power and groups thousands. */
function digits(value: number, power: number): string {
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-6)) return scientific(value);
  const decimals = Math.min(Math.max(0, -power), 12);
  const grain = 10 ** Math.max(power, 0);
  const rounded = power > 0 ? Math.round(value / grain) * grain : value;
  return rounded
    .toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
    .replace("-", minus);
}

/** The power of ten of the leading digit, once rounded to three: 0 for 0.9996, which is shown as 1.00. */
function exponentOf(value: number): number {
  return value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value) * 1.0005));
}

function power(value: number, significant: number): number {
  return exponentOf(value) - significant + 1;
}

function dress(number: string, scale: Scale): string {
  if (scale.prefix === "") return number + scale.suffix;
  return number.startsWith(minus) ? minus + scale.prefix + number.slice(1) : scale.prefix + number;
}

/** One value with three significant digits (two for money below a dollar's thousandth). */
export function formatValue(
  value: number | null | undefined,
  unit: string,
  fraction = false,
): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const scale = scaleOf(value, unit, fraction);
  const shown = value / scale.divisor;
  const significant = unit === "USD" && Math.abs(value) < 1e-2 ? 2 : 3;
  const places =
    unit === "USD" && Math.abs(value) >= 1
      ? Math.max(power(shown, significant), -2)
      : power(shown, significant);
  const trimmed = unit === "B" && scale.divisor === 1 ? Math.max(places, 0) : places;
  return dress(digits(shown, trimmed), scale);
}

/** A bare number of the program's, an option or a count: whole ones in full, others to six digits. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && (size < 1e-4 || size >= 1e15)) return scientific(value, 6);
  const precision = Number.isInteger(value) ? {} : { maximumSignificantDigits: 6 };
  return value.toLocaleString("en", precision).replace("-", minus);
}

/** An estimate and its bounds, each bound null when unknown, with the digits that the width of the interval supports. */
export interface FormattedInterval {
  estimate: string;
  range: string; // "" when there is none, or it is a point
}

export function formatInterval(
  interval: { estimate: number; low: number | null; high: number | null },
  unit: string,
  fraction = false,
): FormattedInterval {
  const { estimate, low, high } = interval;
  if (low === null || high === null || !Number.isFinite(estimate) || low === high) {
    return { estimate: formatValue(estimate, unit, fraction), range: "" };
  }
  const scale = scaleOf(estimate, unit, fraction);
  const [middle, bottom, top] = [estimate, low, high].map((value) => value / scale.divisor) as [
    number,
    number,
    number,
  ];
  const largest = Math.max(Math.abs(bottom), Math.abs(top), Math.abs(middle));
  const fine = Math.max(exponentOf((top - bottom) / 2), power(largest, 5));
  const places = Math.min(fine, power(middle === 0 ? largest : middle, 3));
  return {
    estimate: dress(digits(middle, places), scale),
    range: dress(`${digits(bottom, places)}–${digits(top, places)}`, scale),
  };
}

/** A tick of an axis: short, no false digits, and as many as tell it from the next (`tickDigits`). */
export function formatTick(value: number, unit: string, fraction = false, significant = 4): string {
  const scale = scaleOf(value, unit, fraction);
  const shown = Number((value / scale.divisor).toPrecision(significant));
  const size = Math.abs(shown);
  if (size > 0 && (size < 1e-4 || size >= 1e9)) return dress(scientific(shown, significant), scale);
  if (size >= 1e6)
    return dress(`${Number((shown / 1e6).toPrecision(significant))}`, {
      ...scale,
      suffix: thin + "M" + scale.suffix.trimStart(),
    });
  const plain = shown.toLocaleString("en", { maximumFractionDigits: 18 }).replace("-", minus);
  return dress(plain, scale);
}

/** "0.82×", with the digits the interval supports. */
export function formatRatio(ratio: {
  estimate: number;
  low: number | null;
  high: number | null;
}): FormattedInterval {
  const { estimate, low, high } = ratio;
  if (estimate > 0 && (estimate < 1e-3 || estimate >= 1e5)) {
    const range = low === null || high === null ? "" : `${scientific(low)}–${scientific(high)}`;
    return { estimate: `${scientific(estimate)}×`, range };
  }
  const plain = formatInterval(ratio, "1");
  return { estimate: `${plain.estimate}×`, range: plain.range };
}

/** A ratio in words: "15–21 % lower", "2.30–2.60× as high", "−0.4 % to +1.2 %". */
export function describeRatio(
  low: number,
  high: number,
  words: { more: string; less: string; times: string },
): string {
  if (low >= 2) return `${formatInterval({ estimate: low, low, high }, "1").range}× ${words.times}`;
  const [a, b] = [(low - 1) * 100, (high - 1) * 100];
  const percent = (value: number) =>
    value < 10 || value > 90 ? value.toFixed(1) : value.toFixed(0);
  const span = (x: number, y: number) =>
    percent(x) === percent(y) ? `${percent(x)}${thin}%` : `${percent(x)}–${percent(y)}${thin}%`;
  if (a >= 0) return `${span(a, b)} ${words.more}`;
  if (b <= 0) return `${span(-b, -a)} ${words.less}`;
  return `${minus}${percent(-a)}${thin}% to +${percent(b)}${thin}%`;
}

export function formatProbability(p: number): string {
  if (p > 0.995 && p < 1) return `>99${thin}%`;
  if (p > 0 && p < 0.005) return `<1${thin}%`;
  return `${Math.round(p * 100)}${thin}%`;
}

/** "4 Mar 2025, 09:30 UTC"; text that is no ISO time is returned as it is. */
export function formatTime(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return text;
  const dateOnly = text.length === 10;
  const zoned = dateOnly || /(Z|[+-]\d{2}:?\d{2}| UTC)$/.test(text) ? text : `${text}Z`;
  const time = new Date(zoned.replace(/ UTC$/, "Z").replace(" ", "T"));
  if (Number.isNaN(time.getTime())) return text;
  const month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[time.getUTCMonth()];
  const day = `${time.getUTCDate()} ${month} ${time.getUTCFullYear()}`;
  return dateOnly ? day : `${day}, ${time.toISOString().slice(11, 16)} UTC`;
}

const unitAfterNumber =
  /(\d) (?=(?:%|[mµn]?s|min|h|d|[kKMGTPE]?i?B(?:\/s)?|[kMGTPE]?FLOPS?(?:\/s)?|\/s)(?![\p{L}\d]))/gu;

/** A sentence whose lines do not break between a number and its unit. */
export function unbroken(sentence: string): string {
  return sentence.replace(unitAfterNumber, "$1\u00a0");
}

/** At most `most` characters: names that begin alike often differ at their ends, so the middle goes. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = Math.floor((most - 1) / 3);
  return `${text.slice(0, head).trimEnd()}…${text.slice(text.length - (most - 1 - head)).trimStart()}`;
}

/** "accuracy >= 0.88" with the signs of mathematics. */
export function formatConstraint(text: string): string {
  return text.replaceAll(">=", "≥").replaceAll("<=", "≤").replaceAll("!=", "≠");
}
