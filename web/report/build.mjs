// Writes dist/report.html: the template with the bundled script and style inlined. The page carries a policy
// that forbids every request and every script but its own, so that no text in the data can run or call home.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function bundle(entry) {
  const result = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: ["chrome109", "firefox102", "safari15.4"],
    legalComments: "none",
    charset: "utf8",
  });
  return result.outputFiles[0].text.trim();
}

const script = (await bundle("src/main.ts")).replaceAll("</script", "<\\/script");
const style = await bundle("src/style.css");
const hash = createHash("sha256").update(script).digest("base64");
const policy =
  `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; ` +
  "img-src data:; base-uri 'none'; form-action 'none'";

const parts = { policy, style, script };
const template = await readFile(here("src/page.html"), "utf8");
const page = template.replace(/\{\{(policy|style|script)\}\}/g, (_, name) => parts[name]);

const marker = '<script id="data" type="application/json">{}</script>';
if (page.split(marker).length !== 2) throw new Error(`the page must contain exactly one ${marker}`);

await mkdir(here("dist"), { recursive: true });
await writeFile(here("dist/report.html"), page);
console.log(`dist/report.html: ${(Buffer.byteLength(page) / 1000).toFixed(0)} kB`);
