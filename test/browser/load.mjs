// A module of the page that needs no browser, for tests to call.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("../../web/report/", import.meta.url));
const { buildSync } = createRequire(`${web}package.json`)("esbuild");

export async function load(file) {
  const options = {
    entryPoints: [`${web}src/${file}`],
    bundle: true,
    format: "esm",
    write: false,
  };
  const { text } = buildSync(options).outputFiles[0];
  return import(`data:text/javascript,${encodeURIComponent(text)}`);
}
