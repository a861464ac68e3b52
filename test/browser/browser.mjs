// Opens studies, runs and profiles in Chromium as a reader would: a file on disk, no network.
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { fixtures } from "./fixture.mjs";
import { profiles, unshowable } from "./profiles.mjs";
import { runs } from "./runs.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Where pages and pictures are written. */
export const output = process.env.GNOMON_BROWSER_OUTPUT ?? here("out");
const template = process.env.GNOMON_REPORT_HTML ?? here("../../web/report/dist/report.html");
const marker = '<script id="data" type="application/json">{}</script>';

export async function launch() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Embeds data in the page as the program does: every `<` becomes `\u003c` (web/report/src/data.ts says why). */
export async function writePage(name, data) {
  if (!existsSync(template))
    throw new Error(`${template} is missing: npm run build in web/report writes it`);
  const page = await readFile(template, "utf8");
  const parts = page.split(marker);
  if (parts.length !== 2) throw new Error(`${template} holds its marker ${parts.length - 1} times`);
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  await mkdir(output, { recursive: true });
  const path = `${output}/${name}.html`;
  await writeFile(path, parts.join(`<script id="data" type="application/json">${json}</script>`));
  return pathToFileURL(path).href;
}

const everything = { ...fixtures, ...runs, ...profiles, ...unshowable };

/** A page of one fixture, with everything it complained about and asked for. */
export async function open(browser, name, options = {}) {
  const { width = 1280, height = 900, colorScheme = "light" } = options;
  const url = await writePage(name, everything[name]());
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const errors = [];
  const requests = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => {
    if (request.url() !== url && !/^(data|blob):/.test(request.url())) requests.push(request.url());
  });
  await page.goto(url);
  await page.waitForFunction(() =>
    [...document.querySelectorAll("figure.chart")].every((f) => f.firstElementChild),
  );
  return { page, errors, requests, close: () => context.close() };
}
