// The page of a profile.
import type { Page } from "../page";
import { readProfile } from "../profile";
import { answer } from "./answer";
import { comparison } from "./comparison";
import { counters } from "./counters";
import { profileData } from "./download";
import { flameGraph } from "./flame_graph";
import { functionTable, functionTime } from "./functions";
import { memory } from "./memory";
import { operatorTable } from "./operators";
import { roofline } from "./roofline";
import { time } from "./time";

export function profilePage(data: unknown): Page {
  const profile = readProfile(data);
  return {
    kind: "Profile",
    name: profile.title,
    date: "",
    title: [profile.title || "Profile", profile.answer[0] ?? ""].filter((p) => p !== "").join(": "),
    answer: answer(profile),
    parts: [
      comparison(profile),
      time(profile),
      functionTime(profile),
      roofline(profile),
      flameGraph(profile),
      operatorTable(profile),
      functionTable(profile),
      memory(profile),
      counters(profile),
      profileData(profile, data),
    ],
  };
}
