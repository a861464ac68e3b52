// What a language model wrote, the latest first.
import { h, section } from "../dom";
import { formatNumber } from "../format";
import type { Run, Sample } from "../run";

const shownAtOnce = 3;

function written({ step, prompt, text }: Sample): HTMLElement {
  const rest = text.startsWith(prompt) ? text.slice(prompt.length) : text;
  return h(
    "figure",
    { class: "sample" },
    h("figcaption", {}, `after step ${formatNumber(step)}`),
    h("blockquote", {}, h("b", {}, prompt), rest),
  );
}

export function samples(run: Run): HTMLElement | null {
  if (run.samples.length === 0) return null;
  const latest = [...run.samples].reverse().map(written);
  const earlier = latest.slice(shownAtOnce);
  return section(
    "samples",
    "What it writes",
    "The prompt is bold; the rest is the model's. The latest stands first.",
    ...latest.slice(0, shownAtOnce),
    earlier.length === 0
      ? null
      : h("details", {}, h("summary", {}, `${earlier.length} earlier`), ...earlier),
  );
}
