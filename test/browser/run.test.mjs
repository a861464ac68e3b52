// A training run in a real browser: every fixture at both widths, then what a reader does with the page.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertWellFormed } from "./checks.mjs";
import { hostile } from "./fixture.mjs";
import { load } from "./load.mjs";
import { runs } from "./runs.mjs";
import { withPage } from "./session.mjs";
import { parseCsv, saved } from "./taking.mjs";

const { unbroken } = await load("format.ts");

describe("every run, at both widths", () => {
  for (const name of Object.keys(runs)) {
    for (const width of [1280, 390]) {
      test(`${name} at ${width}`, async () => {
        const run = runs[name]();
        await withPage(name, { width }, async (page) => {
          assert.equal(await page.locator("h1").textContent(), unbroken(run.answer || run.title));
          assert.equal(await page.locator("tbody tr").count(), run.epochs?.length ?? 0);
          assert.equal(await page.locator(".masthead b").textContent(), run.title);
          await assertWellFormed(page);
        });
      });
    }
  }
});

const parts = (page) => page.locator("main > section").evaluateAll((all) => all.map((s) => s.id));

describe("the page of a run", () => {
  test("has the parts for which there are data, the answer first", async () => {
    await withPage("run", {}, async (page) =>
      assert.deepEqual(await parts(page), [
        "answer",
        "loss",
        "accuracy",
        "optimiser",
        "epochs",
        "facts",
        "data",
      ]),
    );
    await withPage("run-bare", {}, async (page) =>
      assert.deepEqual(await parts(page), ["answer", "data"]),
    );
  });
  test("tells the figures at the end, and the best", async () => {
    await withPage("run", {}, async (page) => {
      const figures = await page.locator(".figures").innerText();
      assert.match(figures, /test accuracy\s+92\.4.%\s+best 92\.5.% in epoch 9/);
      assert.match(figures, /steps\s+9,370\s+10 epochs/);
      assert.equal(await page.getByRole("alert").count(), 0);
    });
  });
  test("a failed run is announced loudly, and the gap in its loss is told", async () => {
    await withPage("run-diverged", {}, async (page) => {
      const alert = page.getByRole("alert");
      assert.match(await alert.innerText(), /The run failed\.\s+The loss was not a finite number/);
      assert.ok((await alert.boundingBox()).y < 200);
      assert.match(await page.locator("#loss").innerText(), /At 1,600 of 4,000 steps/);
    });
  });
  test("the axis of the loss becomes logarithmic by keyboard", async () => {
    await withPage("run", {}, async (page) => {
      const name = page.locator("#loss .axis-label").first();
      assert.equal(await name.textContent(), "loss");
      await page.getByLabel("logarithmic").focus();
      await page.keyboard.press("Space");
      assert.equal(await name.textContent(), "loss (log)");
    });
  });
  test("a loss that is nowhere positive offers no logarithm", async () => {
    await withPage("run-constant", {}, async (page) =>
      assert.equal(await page.getByLabel("logarithmic").count(), 0),
    );
  });
  test("the loss is told in words, and pointing at it names the step", async () => {
    await withPage("run", {}, async (page) => {
      const chart = page.locator("#loss svg[role=img]");
      assert.match(
        await chart.getAttribute("aria-label"),
        /training loss from 2\.\d+ at step 2 to 0\.2\d+ at step 9,370; last test loss 0\.281/,
      );
      await chart.scrollIntoViewIfNeeded();
      const box = await chart.boundingBox();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.waitForFunction(() =>
        /step 4,\d+/.test(document.querySelector('#loss [aria-label="tip"]')?.textContent ?? ""),
      );
    });
  });
  test("the latest text stands first, earlier ones unfold", async () => {
    const { samples } = runs["run-language-model"]();
    await withPage("run-language-model", {}, async (page) => {
      const texts = page.locator("#samples blockquote");
      assert.equal(await texts.first().textContent(), samples.at(-1).text);
      assert.ok(!(await texts.last().isVisible()));
      await page.locator("summary").focus();
      await page.keyboard.press("Enter");
      assert.ok(await texts.last().isVisible());
      assert.equal(await texts.last().textContent(), samples[0].text);
    });
  });
  test("text that looks like markup stays text", async () => {
    await withPage("run-hostile", {}, async (page) => {
      assert.equal(await page.locator("h1").textContent(), hostile);
      assert.equal(await page.locator("#samples blockquote b").textContent(), hostile);
      assert.equal(await page.locator("body b", { hasText: /^bold$/ }).count(), 0);
    });
  });
  test("its data are there to take", async () => {
    const run = runs.run();
    await withPage("run", {}, async (page) => {
      const json = await saved(page, "The whole run as JSON");
      assert.equal(json.name, "resnet20-on-fashion-mnist.json");
      assert.deepEqual(JSON.parse(json.text), run);
      const [header, ...steps] = parseCsv((await saved(page, "Steps as CSV")).text);
      assert.deepEqual(header, ["step", "loss", "learning_rate", "gradient_norm"]);
      assert.equal(steps.length, 4000);
      assert.deepEqual(
        steps[7].map(Number),
        header.map((name) => run.steps[name][7]),
      );
      const epochs = parseCsv((await saved(page, "Epochs as CSV")).text);
      assert.equal(epochs.length, 11);
    });
  });
});
