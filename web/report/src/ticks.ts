// Ticks of logarithmic axes at numbers that people read easily.

/** Ticks at 1, 2, 5 × 10ⁿ within the domain, thinned to powers of ten when there would be more than `most`. */
export function logarithmicTicks([low, high]: [number, number], most: number): number[] {
  const first = Math.floor(Math.log10(low));
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - first + 1 },
    (_, i) => first + i,
  );
  const within = (factors: number[]) =>
    decades
      .flatMap((d) => factors.map((f) => Number(`${f}e${d}`)))
      .filter((t) => t >= low && t <= high);
  const fitting = [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]
    .map(within)
    .find((ticks) => ticks.length <= most);
  if (fitting !== undefined) return fitting;
  const coarse = within([1]);
  const every = Math.ceil(coarse.length / most);
  return coarse.filter((_, i) => i % every === 0);
}

/** The significant digits that tell linear ticks apart, of which there are about `most`; at least four. */
export function tickDigits([low, high]: [number, number], most: number): number {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const step = (high - low) / most / 2; // d3's are no closer
  if (!(step > 0 && Number.isFinite(largest / step))) return 4;
  return Math.min(Math.max(Math.ceil(Math.log10(largest / step)) + 1, 4), 15);
}

/** Ticks of an axis of ratios: even steps around 1 while the domain is narrow. */
export function ratioTicks([low, high]: [number, number], most: number): number[] {
  if (high / low > 2.5) return logarithmicTicks([low, high], most);
  const steps = [-4, -3, -2, -1].flatMap((power) =>
    [1, 2, 5].map((factor) => Number(`${factor}e${power}`)),
  );
  const step = steps.find((s) => (high - low) / s <= most) ?? 1;
  const first = Math.ceil((low - 1) / step);
  const count = Math.floor((high - 1) / step) - first + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, i) =>
    Number((1 + (first + i) * step).toFixed(6)),
  );
}
