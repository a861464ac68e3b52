// Taking data from a page, as a reader does.
import { readFile } from "node:fs/promises";

/** RFC 4180, enough to read back what was written. */
export function parseCsv(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g,
  )) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

/** The file behind the link of this title. */
export async function saved(page, title) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: title }).click(),
  ]);
  return {
    name: download.suggestedFilename(),
    text: await readFile(await download.path(), "utf8"),
  };
}
