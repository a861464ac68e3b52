// Where the spans of a flame graph lie. No drawing here.
import type { Flame } from "../profile";

export interface Span {
  name: string;
  seconds: number;
  start: number; // in seconds of drawn width, from the left of the whole
  extent: number; // drawn width: its seconds, or less where the spans of one parent ran beside each other
  depth: number;
  parent: Span | null;
  children: Span[];
}

function spanOf(flame: Flame, parent: Span | null, start: number, extent: number): Span {
  const { name, seconds } = flame;
  const depth = parent === null ? 0 : parent.depth + 1;
  return { name, seconds, start, extent, depth, parent, children: [] };
}

export function spansOf(flame: Flame): Span {
  const root = spanOf(flame, null, 0, flame.seconds);
  const open = [{ flame, span: root }];
  for (const { flame, span } of open) {
    const within = flame.children.reduce((sum, child) => sum + child.seconds, 0);
    const scale = span.extent / (Math.max(within, flame.seconds) || 1);
    let at = span.start;
    for (const child of flame.children) {
      const made = spanOf(child, span, at, child.seconds * scale);
      span.children.push(made);
      open.push({ flame: child, span: made });
      at += made.extent;
    }
  }
  return root;
}

/** Parents before their children. */
export function everySpan(root: Span): Span[] {
  const found = [root];
  for (let i = 0; i < found.length; i++) for (const child of found[i]!.children) found.push(child);
  return found;
}

/** A span as it is drawn: fractions of the whole width. */
export interface Placed {
  span: Span;
  left: number;
  width: number;
}

/** What is drawn when `focus` fills the width: those it lies in, itself, and those within it of at least `least` width. */
export function placed(focus: Span, least: number): Placed[] {
  const found: Placed[] = [];
  for (let span = focus.parent; span !== null; span = span.parent)
    found.unshift({ span, left: 0, width: 1 });
  const first = found.length;
  found.push({ span: focus, left: 0, width: 1 });
  for (let i = first; i < found.length; i++) {
    for (const child of found[i]!.span.children) {
      const width = child.extent / focus.extent;
      if (width >= least)
        found.push({ span: child, left: (child.start - focus.start) / focus.extent, width });
    }
  }
  return found;
}

/** The spans whose name holds the text, and the time they took together, each moment counted once. */
export function search(root: Span, text: string): { spans: Set<Span>; seconds: number } {
  const wanted = text.toLowerCase();
  const spans = new Set<Span>();
  const counted = new Set<Span>(); // matches, and what lies within them
  let seconds = 0;
  for (const span of everySpan(root)) {
    const match = span.name.toLowerCase().includes(wanted);
    const within = span.parent !== null && counted.has(span.parent);
    if (match) spans.add(span);
    if (match && !within) seconds += span.seconds;
    if (match || within) counted.add(span);
  }
  return { spans, seconds };
}
