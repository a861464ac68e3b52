// Direct labels for points: greedy placement by priority, each at the first of eight places around its point where it
// covers neither a point nor another label nor the edge. Labels that find no place are left out; the tooltip and the
// table still name their points.

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
    a.x >= frame.x && a.y >= frame.y && a.x + a.width <= frame.x + frame.width && a.y + a.height <= frame.y + frame.height
  );
}

const directions = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]] as const;

function candidates(point: Labelled, width: number, height: number): Box[] {
  const gap = point.radius + 4;
  return directions.map(([dx, dy]) => ({
    x: point.x + dx * (dy === 0 ? gap : gap * 0.6) + ((dx - 1) / 2) * width,
    y: point.y + dy * (dx === 0 ? gap : gap * 0.6) + ((dy - 1) / 2) * height,
    width,
    height,
  }));
}

export function placeLabels(
  points: Labelled[],
  obstacles: Box[],
  frame: Box,
  measureText: (text: string) => number,
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
    const width = measureText(point.text);
    const free = (box: Box) => inside(box, frame) && !taken.some((other) => overlaps(box, other));
    const options = candidates(point, width, height).filter(free);
    const best = options.find((box) => !obstacles.some((o) => overlaps(box, o))) ?? options[0];
    if (best === undefined) continue;
    taken.push(best);
    placed.push({ ...best, text: point.text, index });
  }
  return placed;
}
