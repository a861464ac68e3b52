// The page of a training run.
import type { Page } from "../page";
import { readRun } from "../run";
import { answer } from "./answer";
import { runData } from "./download";
import { accuracy, epochTable } from "./epochs";
import { facts } from "./facts";
import { loss } from "./loss";
import { optimiser } from "./optimiser";
import { samples } from "./samples";

export function runPage(data: unknown): Page {
  const run = readRun(data);
  return {
    kind: "Run",
    name: run.title,
    date: run.started,
    title: [run.title || "Run", run.answer].filter((part) => part !== "").join(": "),
    answer: answer(run),
    parts: [
      loss(run),
      accuracy(run),
      optimiser(run),
      samples(run),
      epochTable(run),
      facts(run),
      runData(run, data),
    ],
  };
}
