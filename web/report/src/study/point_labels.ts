// Writes the direct labels of the trade-off chart's points.
import { shorten } from "../format";
import { placeLabels, textWidth, writeLabels, type Box, type Labelled } from "../labels";
import { front, levelFirst, type Point, type View } from "./view";

/** Of a point's symbol, in pixels. */
export const radius = 6;

export type Positions = { x: (value: number) => number; y: (value: number) => number };

/** Writes the direct labels into the drawn chart. */
export function addLabels(
  chart: Element,
  view: View,
  points: Point[],
  at: Positions,
  frame: Box,
  narrow: boolean,
): void {
  const labelled: Labelled[] = points.map((p) => {
    const told = !narrow || p.chosen || p.configuration.front_probability > 0.5;
    const text = told ? shorten(p.configuration.label, 32) : "";
    return {
      x: at.x(p.x),
      y: at.y(p.y),
      radius: p.chosen ? radius + 7 : radius + 1,
      text,
      width: textWidth(text, p.chosen ? 600 : 400),
      priority:
        (p.chosen ? 4 : 0) + (p.configuration.feasible ? 1 : 0) + p.configuration.front_probability,
    };
  });
  const bar = (x1: number, x2: number, y1: number, y2: number): Box => ({
    x: Math.min(x1, x2),
    y: Math.min(y1, y2),
    width: Math.abs(x2 - x1) + 1,
    height: Math.abs(y2 - y1) + 1,
  });
  const obstacles = points.flatMap((p) => [
    ...(p.xLow === null || p.xHigh === null
      ? []
      : [bar(at.x(p.xLow), at.x(p.xHigh), at.y(p.y), at.y(p.y))]),
    ...(p.yLow === null || p.yHigh === null
      ? []
      : [bar(at.x(p.x), at.x(p.x), at.y(p.yLow), at.y(p.yHigh))]),
  ]);
  const corners = front(points, view).map((p) => [at.x(p.x), at.y(p.y)] as const);
  corners.slice(1).forEach(([x2, y2], i) => {
    const [x1, y1] = corners[i]!;
    const level = levelFirst(view);
    obstacles.push(
      bar(x1, x2, level ? y1 : y2, level ? y1 : y2),
      bar(level ? x2 : x1, level ? x2 : x1, y1, y2),
    );
  });
  writeLabels(chart, placeLabels(labelled, obstacles, frame, 15), (i) => points[i]!.chosen);
}
