// What a reader does with the report: takes the data, reads in the dark or on paper, uses the keyboard.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lowContrast } from "./checks.mjs";
import { fixtures } from "./fixture.mjs";
import { withPage } from "./session.mjs";
import { parseCsv, saved } from "./taking.mjs";

describe("downloads", () => {
  for (const name of ["demo", "hostile", "empty"]) {
    test(`${name}: JSON is the study, CSV has a line per replicate`, async () => {
      const report = fixtures[name]();
      await withPage(name, {}, async (page) => {
        const json = await saved(page, "The whole study as JSON");
        assert.deepEqual(JSON.parse(json.text), JSON.parse(JSON.stringify(report)));
        const csv = await saved(page, "Replicates as CSV");
        assert.match(csv.name, /^[\w.-]+\.csv$/);
        const [header, ...lines] = parseCsv(csv.text);
        assert.equal(lines.length, report.replicates.length);
        assert.ok(lines.every((line) => line.length === header.length));
        report.replicates.slice(0, 50).forEach((replicate, i) => {
          const field = (column) => lines[i][header.indexOf(column)];
          assert.equal(field("throughput"), String(replicate.values.throughput ?? ""));
          assert.equal(field("aa"), String(replicate.aa));
          const knobs = report.configurations.find((c) => c.id === replicate.configuration).knobs;
          assert.equal(field("knob.precision"), String(knobs.precision));
        });
      });
    });
  }
});

describe("light, dark, paper", () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const name of ["demo", "aa-failed", "run", "run-diverged", "profile-compared"]) {
      test(`${name}: every text has a contrast of 4.5 : 1 in ${colorScheme}`, async () => {
        await withPage(name, { colorScheme }, async (page) =>
          assert.deepEqual(await page.evaluate(lowContrast), []),
        );
      });
    }
    test(`every knob colour has a contrast of 3 : 1 in ${colorScheme}`, async () => {
      await withPage("demo", { colorScheme }, async (page) => {
        const weak = await page.evaluate(() => {
          const style = getComputedStyle(document.documentElement);
          const luminance = (hex) => {
            const [r, g, b] = [1, 3, 5]
              .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
              .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const value = (name) => style.getPropertyValue(name).trim();
          const names = [...Array(7).keys()]
            .map((i) => `--ramp-${i}`)
            .concat([...Array(6).keys()].map((i) => `--hue-${i}`));
          return names.filter((name) => {
            const [a, b] = [luminance(value(name)), luminance(value("--paper"))].sort(
              (x, y) => y - x,
            );
            return (a + 0.05) / (b + 0.05) < 3;
          });
        });
        assert.deepEqual(weak, []);
      });
    });
  }
  test("dark is dark, and paper is light even then", async () => {
    await withPage("demo", { colorScheme: "dark" }, async (page) => {
      const background = () =>
        page.evaluate(() =>
          getComputedStyle(document.documentElement).getPropertyValue("--paper").trim(),
        );
      assert.equal(await background(), "#16171a");
      await page.emulateMedia({ media: "print" });
      assert.equal(await background(), "#fffdf8");
      assert.ok(!(await page.locator("#tradeoff .controls").isVisible()));
      const pdf = await page.pdf({ format: "A4" });
      assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
    });
  });
});

describe("keyboard", () => {
  test("the first stop skips to the answer, every stop shows its focus", async () => {
    await withPage("demo", {}, async (page) => {
      await page.keyboard.press("Tab");
      assert.equal(
        await page.evaluate(() => document.activeElement.textContent),
        "Skip to the answer",
      );
      await page.keyboard.press("Enter");
      assert.equal(await page.evaluate(() => document.activeElement.id), "answer");
      const visited = new Set();
      for (let i = 0; i < 45; i++) {
        await page.keyboard.press("Tab");
        const stop = await page.evaluate(() => {
          const e = document.activeElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(e);
          return { tag: e.tagName, text: e.textContent.slice(0, 30), outlineStyle, outlineWidth };
        });
        if (stop.tag === "BODY") break;
        assert.equal(stop.outlineStyle, "solid", `${stop.tag} ${stop.text}`);
        assert.ok(parseFloat(stop.outlineWidth) >= 2, `${stop.tag} ${stop.text}`);
        visited.add(stop.tag);
      }
      assert.deepEqual([...visited].sort(), ["A", "BUTTON", "DIV", "INPUT", "SELECT"]);
    });
  });
});
