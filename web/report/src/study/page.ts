// The page of a study.
import type { Page } from "../page";
import type { Study } from "../study";
import { answer } from "./answer";
import { configurationTable } from "./configurations";
import { studyData } from "./download";
import { drift } from "./drift";
import { effects } from "./effects";
import { facts } from "./facts";
import { tradeoff } from "./tradeoff";

export function studyPage(study: Study): Page {
  const { report } = study;
  return {
    kind: "Study",
    name: report.study,
    date: report.replicates.map((r) => r.started).sort()[0] ?? "",
    title: `${report.study}: ${report.answer.sentence}`,
    answer: answer(study),
    parts: [
      tradeoff(study),
      configurationTable(study),
      effects(study),
      drift(study),
      facts(study),
      studyData(study),
    ],
  };
}
