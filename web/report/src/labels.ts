// Direct labels for points: greedy placement by priority, each at the first of eight places around its point where it
// covers neither a point nor another label nor the edge, and the fewest lines. Labels that find no place are left out; the tooltip and the
// table still name their points.
import { svg } from "./dom";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Labelled {
  x: number;
  y: number;
  radius: number;
  text: string;
  width: number; // of the text as drawn
  priority: number; // higher is placed first
}

export interface Placed extends Box {
  text: string;
  index: number; // of the point
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function inside(a: Box, frame: Box): boolean {
  return (
    a.x >= frame.x &&
    a.y >= frame.y &&
    a.x + a.width <= frame.x + frame.width &&
    a.y + a.height <= frame.y + frame.height
  );
}

const directions = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 1],
  [-1, -1],
  [-1, 1],
] as const;

/** The eight places; those above and below slide sideways to stay within the frame. */
function candidates(point: Labelled, height: number, frame: Box): Box[] {
  const { width } = point;
  const gap = point.radius + 4;
  const within = (x: number) => Math.min(Math.max(x, frame.x), frame.x + frame.width - width);
  const beside = (dx: number, dy: number) =>
    point.x + dx * (dy === 0 ? gap : gap * 0.6) + ((dx - 1) / 2) * width;
  return directions.map(([dx, dy]) => ({
    x: dy === 0 ? beside(dx, dy) : within(beside(dx, dy)),
    y: point.y + dy * (dx === 0 ? gap : gap * 0.6) + ((dy - 1) / 2) * height,
    width,
    height,
  }));
}

/** `obstacles` are lines that a label should, and may fail to, keep clear of; `height` is that of a label. */
export function placeLabels(
  points: Labelled[],
  obstacles: Box[],
  frame: Box,
  height: number,
): Placed[] {
  const taken: Box[] = points.map((p) => ({
    x: p.x - p.radius,
    y: p.y - p.radius,
    width: 2 * p.radius,
    height: 2 * p.radius,
  }));
  const placed: Placed[] = [];
  const order = points.map((_, i) => i).sort((a, b) => points[b]!.priority - points[a]!.priority);
  for (const index of order) {
    const point = points[index]!;
    const free = (box: Box) => inside(box, frame) && !taken.some((other) => overlaps(box, other));
    const crossed = (box: Box) => obstacles.filter((o) => overlaps(box, o)).length;
    const best = candidates(point, height, frame)
      .filter(free)
      .sort((a, b) => crossed(a) - crossed(b))[0];
    if (best === undefined || point.text === "") continue;
    taken.push({ ...best, x: best.x - 4, width: best.width + 8 });
    placed.push({ ...best, text: point.text, index });
  }
  return placed;
}

const canvas = document.createElement("canvas").getContext("2d");

/** Of a label, in pixels. */
export function textWidth(text: string, weight: number): number {
  if (canvas === null) return text.length * 7;
  canvas.font = `${weight} 12px ${getComputedStyle(document.body).fontFamily}`;
  return canvas.measureText(text).width;
}

/** Writes the labels into the drawn chart, below its tooltip; `strong` tells those to stress. */
export function writeLabels(
  chart: Element,
  labels: Placed[],
  strong: (index: number) => boolean,
): void {
  const group = svg("g", { class: "labels", "aria-hidden": "true" });
  for (const { x, y, index, text } of labels) {
    const kind = strong(index) ? "label label-chosen" : "label";
    group.append(svg("text", { x, y: y + 11.5, "text-anchor": "start", class: kind }, text));
  }
  chart.insertBefore(group, chart.querySelector('[aria-label="tip"]'));
}
