// The roofline (Williams, Waterman, Patterson 2009): what each operator reaches, under what the machine can do at its
// arithmetic intensity.
import * as Plot from "@observablehq/plot";
import { axis, axisMarks, chartStyle, described, nameAxes, narrowBelow, tooltip } from "../chart";
import { h, responsive, section } from "../dom";
import { formatProbability, formatTick, formatValue, shorten } from "../format";
import { placeLabels, textWidth, writeLabels, type Box } from "../labels";
import type { Bound, Profile } from "../profile";
import { boundKinds, boundLegend } from "./bounds";
import { dotsOf, roofOf, type Dot, type Line, type Roof } from "./roof";

function told({ operator, intensity, speed }: Dot): string {
  const fraction =
    operator.fraction === null
      ? ""
      : `\n${formatProbability(operator.fraction)} of what the machine can do there`;
  return (
    `${shorten(operator.name, 60)}\n${formatValue(speed, "FLOP/s")} at ${formatValue(intensity, "FLOP/B")}` +
    `${fraction}\n${formatProbability(operator.share)} of the time; ${boundKinds[operator.bound].text}`
  );
}

function describe(dots: Dot[], { lines }: Roof): string {
  const some = dots.slice(0, 12).map((d) => told(d).replaceAll("\n", ", "));
  const roof = lines.map((l) => shorten(l.name, 60)).join("; ");
  return (
    `Roofline chart of ${dots.length} operators under ${roof || "no measured ceiling"}. ${some.join(". ")}. ` +
    "The table of operators holds every value."
  );
}

type Scale = (value: number) => number;

/** Boxes along a drawn line, for labels to keep clear of. */
function along(line: Line, x: Scale, y: Scale): Box[] {
  const [a, b] = line.points.map((p) => ({ x: x(p.x), y: y(p.y) })) as [
    { x: number; y: number },
    { x: number; y: number },
  ];
  const pieces = Math.max(1, Math.ceil(Math.abs(b.x - a.x) / 12));
  return Array.from({ length: pieces }, (_, i) => {
    const [left, right] = [i / pieces, (i + 1) / pieces].map((t) => ({
      x: a.x + t * (b.x - a.x),
      y: a.y + t * (b.y - a.y),
    })) as [{ x: number; y: number }, { x: number; y: number }];
    return {
      x: left.x,
      y: Math.min(left.y, right.y),
      width: right.x - left.x,
      height: Math.abs(right.y - left.y) + 1,
    };
  });
}

function addLabels(
  chart: Element,
  dots: Dot[],
  lines: Line[],
  scales: { x: Scale; y: Scale },
  frame: Box,
): void {
  const longest = frame.width < 400 ? 20 : 32;
  const labelled = dots.map(({ operator, intensity, speed, radius }) => {
    const text = shorten(operator.name, longest);
    return {
      x: scales.x(intensity),
      y: scales.y(speed),
      radius,
      text,
      width: textWidth(text, 400),
      priority: operator.share,
    };
  });
  // A flat is named above its right end, a slope beside the place where it enters: points without extent.
  const named = lines.map(({ name, points }) => {
    const text = shorten(name, longest);
    const [from, to] = points;
    const width = textWidth(text, 600);
    const flat = from.y === to.y;
    return {
      x: flat ? scales.x(to.x) - width / 2 - 4 : scales.x(from.x) + 10,
      y: flat ? scales.y(to.y) : Math.min(scales.y(from.y), frame.y + frame.height - 10),
      radius: 0,
      text,
      width,
      priority: 2,
    };
  });
  const obstacles = lines.flatMap((line) => along(line, scales.x, scales.y));
  const placed = placeLabels([...labelled, ...named], obstacles, frame, 15);
  writeLabels(chart, placed, (i) => i >= labelled.length);
}

function draw(profile: Profile, width: number): Element {
  const narrow = width < narrowBelow;
  const dots = dotsOf(profile, narrow);
  const roof = roofOf(profile, dots);
  const height = Math.round(Math.min(Math.max(width * 0.5, 340), 540));
  const margin = { left: 90, right: narrow ? 12 : 24, top: 36, bottom: 48 };
  const x = axis(true, roof.x, narrow ? 4 : 9, (v) => formatTick(v, ""));
  const corners = roof.lines.flatMap((l) => l.points);
  const speeds = [...dots.map((d) => d.speed), ...corners.map((p) => p.y)];
  const y = axis(true, speeds, 7, (v) => formatTick(v, "FLOP/s"));
  const colour = (d: Dot) => `var(${boundKinds[d.operator.bound].colour})`;
  const chart = Plot.plot({
    width,
    height,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: margin.top,
    marginBottom: margin.bottom,
    style: chartStyle,
    x: { type: "log", domain: x.domain },
    y: { type: "log", domain: y.domain },
    r: { type: "identity" },
    marks: [
      ...axisMarks(x, y),
      ...roof.lines.map((line) =>
        Plot.line(line.points, { x: "x", y: "y", stroke: "var(--ink-soft)", strokeWidth: 1.5 }),
      ),
      Plot.dot(dots, {
        x: "intensity",
        y: "speed",
        r: "radius",
        fill: colour,
        fillOpacity: 0.55,
        stroke: colour,
        strokeWidth: 1.5,
      }),
      tooltip(dots, "intensity", "speed", told),
    ],
  });
  const scales = {
    x: chart.scale("x")!.apply as Scale,
    y: chart.scale("y")!.apply as Scale,
  };
  const frame = {
    x: margin.left,
    y: margin.top - 16,
    width: width - margin.left - 2,
    height: height - margin.top + 16 - margin.bottom - 2,
  };
  addLabels(chart, dots, roof.lines, scales, frame);
  nameAxes(chart, { width, height }, "FLOP per byte", "FLOP per second");
  return described(chart, describe(dots, roof));
}

export function roofline(profile: Profile): HTMLElement | null {
  const dots = dotsOf(profile, false);
  if (dots.length === 0) return null;
  const left = profile.operators.length - dots.length;
  const bounds = dots.map((d): Bound => d.operator.bound);
  return section(
    "roofline",
    "How near to the machine's limits",
    profile.machine.processor,
    boundLegend(bounds, false),
    responsive((width) => draw(profile, width)).figure,
    h(
      "p",
      { class: "caption" },
      "A symbol's area is its share of the time. A line is what this machine was measured to do at best: under a slope, " +
        "memory limits; under a flat, arithmetic.",
      left === 0
        ? ""
        : ` Not drawn: ${left} ${left === 1 ? "operator" : "operators"} without a count of FLOP and bytes.`,
    ),
  );
}
