// Reads the data in the page and shows what they are of.
import type { Report } from "./data";
import { profilePage } from "./profile/page";
import { runPage } from "./run/page";
import { Misshapen } from "./decode";
import { show, showProblem, type Page } from "./page";
import { Study } from "./study";
import { studyPage } from "./study/page";

/** How data of a kind become a page. */
const pages = new Map<string, (data: unknown) => Page>([
  ["study", (data) => studyPage(new Study(data as Report))],
  ["run", runPage],
  ["profile", profilePage],
]);

/** The page, or the reason why there is none. */
function pageOf(text: string): Page | string {
  let data: { kind?: unknown; schema?: unknown };
  try {
    data = JSON.parse(text);
  } catch (error) {
    return `The data in this file cannot be read: ${(error as Error).message}. Write the report again with gnomon.`;
  }
  const { kind = "study", schema } = data;
  if (schema === undefined)
    return "This is the empty page from which reports are made. Write one with gnomon study report.";
  const page = pages.get(String(kind));
  if (page === undefined)
    return `This page shows ${[...pages.keys()].join(", ")}; the data say kind ${String(kind)}.`;
  if (schema !== 1) return `This page reads data of schema 1; these say schema ${String(schema)}.`;
  try {
    return page(data);
  } catch (error) {
    if (error instanceof Misshapen)
      return `The data in this file cannot be shown: ${error.message}.`;
    throw error;
  }
}

const root = document.getElementById("page")!;
const page = pageOf(document.getElementById("data")?.textContent ?? "");
root.replaceChildren(...(typeof page === "string" ? showProblem(page) : show(page)));
