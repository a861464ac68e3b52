// The data to take away, as JSON and CSV (RFC 4180). Made in the page, so it works offline.
import { h, section } from "./dom";

type Field = string | number | boolean | null | undefined;

function field(value: Field): string {
  const text = value === undefined || value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(header: string[], lines: Field[][]): string {
  return [header, ...lines].map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

export interface Offer {
  title: string;
  name: string; // appended to the stem: ".csv", "-epochs.csv"
  text: string;
}

export const json = (title: string, value: unknown): Offer => ({
  title,
  name: ".json",
  text: `${JSON.stringify(value, null, 1)}\n`,
});

function link(stem: string, { title, name, text }: Offer): HTMLElement {
  const type = name.endsWith(".json") ? "application/json" : "text/csv;charset=utf-8";
  const blob = new Blob([text], { type });
  const size = Math.max(1, Math.round(blob.size / 1000));
  return h(
    "a",
    { class: "download", href: URL.createObjectURL(blob), download: stem + name },
    title,
    h("small", {}, `${stem}${name} · ${size.toLocaleString("en")}\u202fkB`),
  );
}

const longestStem = 80; // file systems take 255 bytes

/** `name` is what the page is about; the files are named after it. */
export function download(name: string, otherwise: string, offers: Offer[]): HTMLElement {
  const stem =
    name
      .replaceAll(/[^\w.-]+/g, "-")
      .replace(/^[.-]+/, "")
      .slice(0, longestStem) || otherwise;
  return section(
    "data",
    "Take the data",
    "Made from what is inside this file; nothing is fetched.",
    h("p", { class: "downloads" }, ...offers.map((offer) => link(stem, offer))),
  );
}
