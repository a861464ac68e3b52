// The answer of a profile: its sentences, and the figures they rest on.
import { answerSection, figures, list, type Figure } from "../answer";
import { h } from "../dom";
import { formatNumber, formatProbability, formatValue, shorten } from "../format";
import type { Profile, Stacks } from "../profile";
import { told } from "./functions";

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

function figuresOfStacks(stacks: Stacks): Figure[] {
  const { samples, lost, period_seconds, threads, functions, libraries } = stacks;
  const share = (part: number) => formatProbability(part / samples);
  const counted = lost > 0 ? `${formatNumber(lost)} lost` : "";
  const items: Figure[] = [
    period_seconds > 0
      ? {
          label: "CPU time",
          value: told(samples, stacks),
          note: `${formatNumber(samples)} samples, ${formatNumber(Math.round(1 / period_seconds))} a second${counted && `, ${counted}`}`,
        }
      : { label: "samples", value: formatNumber(samples), note: counted },
    { label: threads === 1 ? "thread" : "threads", value: formatNumber(threads), note: "" },
  ];
  const largest = [...functions].sort((a, b) => b.own - a.own)[0];
  if (largest !== undefined && largest.own > 0)
    items.push({
      label: "largest share",
      value: share(largest.own),
      note: shorten(largest.name, 40),
    });
  const unnamed = libraries.reduce((sum, library) => sum + library.unnamed, 0);
  items.push({ label: "without a name", value: share(unnamed), note: "" });
  return items;
}

export function answer(profile: Profile): HTMLElement {
  const [sentence = "", ...more] = profile.answer;
  return answerSection(
    [],
    sentence === "" ? "" : profile.title,
    sentence || profile.title || "This profile has no answer.",
    figures(
      [],
      profile.stacks !== null && profile.stacks.samples > 0
        ? figuresOfStacks(profile.stacks)
        : figuresOf(profile),
    ),
    h("div", { class: "columns" }, list("Also", more, "reasons")),
  );
}
