// Building elements. Text is always set as text, never parsed as HTML: names in the data may hold any character.

export type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | EventListener | undefined>;

/** Creates an element; `class`, `aria-…` and the like are attributes, functions are listeners (`click: …`). */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(
    ...children.filter((child): child is Node | string => child instanceof Node || Boolean(child)),
  );
  return element;
}

const svgNamespace = "http://www.w3.org/2000/svg";

export function svg(
  tag: string,
  attributes: Record<string, string | number>,
  text?: string,
): SVGElement {
  const element = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

let serial = 0;

/** A labelled native select. `change` receives the chosen value. */
export function select(
  label: string,
  options: { value: string; text: string }[],
  value: string,
  change: (value: string) => void,
): HTMLElement {
  const id = `select-${++serial}`;
  const control = h("select", { id, change: () => change(control.value) });
  for (const option of options) {
    control.append(
      h("option", { value: option.value, selected: option.value === value }, option.text),
    );
  }
  return h("span", { class: "control" }, h("label", { for: id }, label), control);
}

/** A labelled native checkbox. */
export function checkbox(
  label: string,
  checked: boolean,
  change: (checked: boolean) => void,
): HTMLElement {
  const control = h("input", { type: "checkbox", checked, change: () => change(control.checked) });
  return h("label", { class: "control check" }, control, label);
}

/** A section with a heading that the table of contents can link to. */
export function section(id: string, title: string, lead: Child, ...children: Child[]): HTMLElement {
  return h(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    h("h2", { id: `${id}-title` }, title),
    lead ? h("p", { class: "lead" }, lead) : null,
    ...children,
  );
}

/**
 * A figure that is redrawn when its width changes. `draw` returns the chart for a width in pixels; returning null
 * leaves the figure empty.
 */
export function responsive(draw: (width: number) => Element | null): {
  figure: HTMLElement;
  redraw: () => void;
} {
  const figure = h("figure", { class: "chart" });
  let width = 0;
  const redraw = () => {
    if (width > 0) figure.replaceChildren(...[draw(width)].filter((chart) => chart !== null));
  };
  new ResizeObserver((entries) => {
    const now = Math.floor(entries[0]?.contentRect.width ?? 0);
    if (now === width) return;
    width = now;
    redraw();
  }).observe(figure);
  return { figure, redraw };
}
