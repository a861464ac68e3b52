// The flame graph: what ran within what, as wide as it took long. A click or Enter makes a span fill the width; arrows
// move between spans, Escape shows the whole.
import { h, responsive, section } from "../dom";
import { formatNumber, formatProbability, formatValue } from "../format";
import type { Profile } from "../profile";
import { everySpan, placed, search, spansOf, type Span } from "./flame_layout";

const leastPixels = 1; // narrower spans are left out until one zooms
const leastTextPixels = 26;
const tints = 6;

/** Spans of one name have one colour. */
function tint(name: string): number {
  let hash = 7;
  for (const c of name) hash = (hash * 31 + c.codePointAt(0)!) >>> 0;
  return hash % tints;
}

class FlameGraph {
  readonly element: HTMLElement;
  private readonly whole: Span;
  private focus: Span; // it fills the width
  private current: Span; // the keyboard is at it
  private matches: Set<Span> | null = null;
  private readonly spans = new Map<Element, Span>();
  private readonly elements = new Map<Span, HTMLElement>();
  private readonly tip = h("div", { class: "flame-tip", "aria-hidden": "true", hidden: true });
  private readonly status = h("p", { class: "caption", role: "status" });
  private readonly back: HTMLButtonElement;
  private readonly redraw: () => void;

  constructor(
    whole: Span,
    private readonly told: (seconds: number) => string,
  ) {
    this.whole = this.focus = this.current = whole;
    this.back = h("button", { type: "button", click: () => this.zoom(whole) }, "Show the whole");
    const { figure, redraw } = responsive((width) => this.draw(width));
    this.redraw = redraw;
    const find = h("input", { type: "search", id: "flame-search", autocomplete: "off" });
    find.addEventListener("input", () => this.find(find.value.trim()));
    const label = h("label", { for: "flame-search" }, "Find");
    this.element = h(
      "div",
      { class: "flame" },
      h("div", { class: "controls" }, h("span", { class: "control" }, label, find), this.back),
      figure,
      this.tip,
      this.status,
    );
    this.say();
  }

  private say(): void {
    this.back.disabled = this.focus === this.whole;
    const shown =
      this.focus === this.whole ? "" : `Shown: ${this.focus.name}, ${this.words(this.focus)}. `;
    this.status.textContent =
      shown +
      "Click a span, or press Enter on it, to enlarge it; arrows move, Escape shows the whole.";
  }

  private words({ seconds }: Span): string {
    const share = formatProbability(seconds / this.whole.seconds);
    return `${this.told(seconds)}, ${share} of the whole`;
  }

  private find(text: string): void {
    const found = text === "" ? null : search(this.whole, text);
    this.matches = found && found.spans;
    this.redraw();
    this.say();
    if (found === null) return;
    const { size } = found.spans;
    const share = formatProbability(found.seconds / this.whole.seconds);
    this.status.textContent =
      size === 0
        ? "No span has such a name."
        : `${size.toLocaleString("en")} ${size === 1 ? "span" : "spans"} found: ${this.told(found.seconds)}, ${share} of the whole.`;
  }

  private zoom(span: Span): void {
    this.focus = this.current = span;
    this.say();
    this.redraw();
  }

  private draw(width: number): Element {
    const hadFocus = this.elements.get(this.current)?.matches(":focus") ?? false;
    this.spans.clear();
    this.elements.clear();
    this.tip.hidden = true;
    const shown = placed(this.focus, leastPixels / width);
    if (!shown.some(({ span }) => span === this.current)) this.current = this.focus;
    const depth = Math.max(...shown.map(({ span }) => span.depth));
    const rows = h("div", { class: "flame-rows" });
    rows.style.height = `calc(var(--row) * ${depth + 1})`;
    for (const { span, left, width: share } of shown) {
      const element = this.drawSpan(span, share * width);
      element.style.left = `${left * 100}%`;
      element.style.width = `${share * 100}%`;
      rows.append(element);
    }
    const graph = h(
      "div",
      {
        class: "flame-graph",
        role: "tree",
        "aria-label": `Flame graph of ${this.focus.name}, ${this.words(this.focus)}`,
        click: (event) => this.at(event, (span) => this.zoom(span)),
        pointerover: (event) => this.at(event, (span) => this.explain(span)),
        pointerleave: () => (this.tip.hidden = true),
        focusin: (event) => this.at(event, (span) => this.explain(span)),
        focusout: () => (this.tip.hidden = true),
        keydown: (event) => this.press(event as KeyboardEvent),
      },
      rows,
    );
    if (hadFocus) requestAnimationFrame(() => this.elements.get(this.current)?.focus());
    return graph;
  }

  private drawSpan(span: Span, pixels: number): HTMLElement {
    const around = span.depth < this.focus.depth ? " is-around" : "";
    const match = this.matches === null ? "" : this.matches.has(span) ? " is-match" : " is-other";
    const element = h(
      "div",
      {
        class: `span tint-${tint(span.name)}${around}${match}`,
        role: "treeitem",
        "aria-level": span.depth + 1,
        "aria-label": `${span.name}, ${this.words(span)}`,
        tabindex: span === this.current ? 0 : -1,
      },
      pixels >= leastTextPixels && span.name,
    );
    element.style.top = `calc(var(--row) * ${span.depth})`;
    this.spans.set(element, span);
    this.elements.set(span, element);
    return element;
  }

  private at(event: Event, use: (span: Span) => void): void {
    const span = this.spans.get(event.target as Element);
    if (span !== undefined) use(span);
  }

  private explain(span: Span): void {
    const within =
      span.parent === null
        ? ""
        : `, ${formatProbability(span.seconds / span.parent.seconds)} of the span around it`;
    this.tip.replaceChildren(h("b", {}, span.name), h("span", {}, this.words(span) + within));
    this.tip.hidden = false;
    const box = this.elements.get(span)!.getBoundingClientRect();
    const frame = this.element.getBoundingClientRect();
    const most = frame.width - this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(box.left - frame.left, most))}px`;
    this.tip.style.top = `${box.bottom - frame.top + 4}px`;
  }

  private press(event: KeyboardEvent): void {
    const span = this.spans.get(event.target as Element);
    if (span === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const drawn = (candidates: Span[]) => candidates.filter((s) => this.elements.has(s));
    const beside = (step: 1 | -1) => {
      const row = [...this.elements.keys()].filter((s) => s.depth === span.depth);
      return row[row.indexOf(span) + step];
    };
    const widest = (spans: Span[]) =>
      spans.length === 0 ? undefined : spans.reduce((a, b) => (b.extent > a.extent ? b : a));
    const moves: Record<string, () => Span | null | undefined> = {
      ArrowRight: () => beside(1),
      ArrowLeft: () => beside(-1),
      ArrowUp: () => span.parent,
      ArrowDown: () => widest(drawn(span.children)),
      Home: () => this.whole,
    };
    if (event.key === "Enter" || event.key === " ") this.zoom(span);
    else if (event.key === "Escape") this.zoom(this.whole);
    else if (event.key in moves) this.move(moves[event.key]!());
    else return;
    event.preventDefault();
  }

  private move(to: Span | null | undefined): void {
    const element = to && this.elements.get(to);
    if (!element) return;
    this.elements.get(this.current)?.setAttribute("tabindex", "-1");
    this.current = to;
    element.setAttribute("tabindex", "0");
    element.focus();
  }
}

export function flameGraph(profile: Profile): HTMLElement | null {
  const { flame, stacks } = profile;
  if (flame === null || flame.seconds <= 0 || flame.children.length === 0) return null;
  const whole = spansOf(flame);
  const told = (amount: number) =>
    stacks?.period_seconds === 0 ? `${formatNumber(amount)} samples` : formatValue(amount, "s");
  const count = everySpan(whole).length;
  return section(
    "flame",
    "What ran within what",
    `${count.toLocaleString("en")} spans; each lies under the one it ran in and is as wide as it took long.`,
    new FlameGraph(whole, told).element,
  );
}
