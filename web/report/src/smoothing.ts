// The course of a noisy quantity.

/** The share of all values, to each side, over which a value is averaged. */
const reach = 0.01;

/** Each value's mean with its neighbours; null where none of them is known. */
export function smoothed(values: (number | null)[]): (number | null)[] {
  const sums = [0];
  const counts = [0];
  values.forEach((value, i) => {
    sums.push(sums[i]! + (value ?? 0));
    counts.push(counts[i]! + (value === null ? 0 : 1));
  });
  const window = Math.ceil(values.length * reach);
  return values.map((_, i) => {
    const begin = Math.max(0, i - window);
    const end = Math.min(values.length, i + window + 1);
    const count = counts[end]! - counts[begin]!;
    return count === 0 ? null : (sums[end]! - sums[begin]!) / count;
  });
}
