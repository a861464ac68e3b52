// The answer of a profile: its sentences, and the figures they rest on.
import { answerSection, figures, list, type Figure } from "../answer";
import { h } from "../dom";
import { formatNumber, formatProbability, formatValue, shorten } from "../format";
import type { Profile } from "../profile";

function figuresOf({ duration_seconds, steps, step_seconds, operators, idle }: Profile): Figure[] {
  const items: Figure[] = [];
  if (duration_seconds > 0)
    items.push({ label: "recorded", value: formatValue(duration_seconds, "s"), note: "" });
  if (steps > 0)
    items.push({
      label: steps === 1 ? "step" : "steps",
      value: formatNumber(steps),
      note: step_seconds > 0 ? `${formatValue(step_seconds, "s")} each, the median` : "",
    });
  const largest = [...operators].sort((a, b) => b.seconds - a.seconds)[0];
  if (largest !== undefined)
    items.push({
      label: "largest share",
      value: formatProbability(largest.share),
      note: shorten(largest.name, 40),
    });
  if (idle.length > 0) {
    const most = [...idle].sort((a, b) => b.seconds - a.seconds)[0]!;
    items.push({
      label: "idle",
      value: formatProbability(idle.reduce((sum, i) => sum + i.share, 0)),
      note: `most of it: ${shorten(most.cause, 40)}`,
    });
  }
  return items;
}

export function answer(profile: Profile): HTMLElement {
  const [sentence = "", ...more] = profile.answer;
  return answerSection(
    [],
    sentence === "" ? "" : profile.title,
    sentence || profile.title || "This profile has no answer.",
    figures([], figuresOf(profile)),
    h("div", { class: "columns" }, list("Also", more, "reasons")),
  );
}
