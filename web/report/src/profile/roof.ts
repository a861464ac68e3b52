// The geometry of a roofline: where operators lie, and the lines they lie under. No drawing here.
import type { Operator, Profile } from "../profile";

const smallestRadius = 3.5;
const largestRadius = { wide: 22, narrow: 13 };

export interface Dot {
  operator: Operator;
  intensity: number; // FLOP per byte
  speed: number; // FLOP per second
  radius: number; // its area tells the share of the time
}

export interface Line {
  name: string;
  points: [{ x: number; y: number }, { x: number; y: number }];
}

export function dotsOf({ operators }: Profile, narrow: boolean): Dot[] {
  const most = narrow ? largestRadius.narrow : largestRadius.wide;
  const largest = Math.max(...operators.map((o) => o.share));
  return operators
    .map((operator) => ({
      operator,
      intensity: operator.flops / operator.bytes,
      speed: operator.flops_per_second || operator.flops / operator.seconds,
      radius: Math.max(smallestRadius, most * Math.sqrt(operator.share / largest || 0)),
    }))
    .filter((d) => [d.intensity, d.speed].every((v) => Number.isFinite(v) && v > 0))
    .sort((a, b) => b.radius - a.radius);
}

export interface Roof {
  x: [number, number];
  lines: Line[];
}

/** The lines of the roof between the intensities that are drawn: slopes up to the flat, flats from a slope on. */
export function roofOf({ machine }: Profile, dots: Dot[]): Roof {
  const flats = machine.ceilings.filter((c) => c.flops_per_second > 0);
  const slopes = machine.bandwidth.filter((b) => b.bytes_per_second > 0);
  const highest = Math.max(...flats.map((c) => c.flops_per_second));
  const steepest = Math.max(...slopes.map((b) => b.bytes_per_second));
  const ridges = flats.flatMap((c) => slopes.map((b) => c.flops_per_second / b.bytes_per_second));
  const intensities = [...dots.map((d) => d.intensity), ...ridges];
  const x: [number, number] = [Math.min(...intensities) / 3, Math.max(...intensities) * 3];
  const flatLines = flats.map(({ name, flops_per_second: y }): Line => {
    const from = slopes.length === 0 ? x[0] : Math.max(x[0], y / steepest);
    return {
      name,
      points: [
        { x: from, y },
        { x: x[1], y },
      ],
    };
  });
  const slopeLines = slopes.map(({ name, bytes_per_second: slope }): Line => {
    const to = flats.length === 0 ? x[1] : Math.min(x[1], highest / slope);
    return {
      name,
      points: [
        { x: x[0], y: x[0] * slope },
        { x: to, y: to * slope },
      ],
    };
  });
  return { x, lines: [...flatLines, ...slopeLines] };
}
