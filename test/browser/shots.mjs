// Writes pictures of the report to out/, one per part: node shots.mjs [fixture [part…]]
import { launch, open, output } from "./browser.mjs";

const [name = "demo", ...parts] = process.argv.slice(2);
const browser = await launch();
for (const width of [1280, 390]) {
  for (const colorScheme of ["light", "dark"]) {
    const { page, errors, close } = await open(browser, name, { width, height: 900, colorScheme });
    if (errors.length > 0) console.log(errors);
    const wanted = parts.length > 0 ? parts : ["page"];
    for (const part of wanted) {
      const path = `${output}/${name}-${part}-${width}-${colorScheme}.png`;
      await page.locator(`#${part}`).screenshot({ path });
      console.log(path);
    }
    await close();
  }
}
await browser.close();
