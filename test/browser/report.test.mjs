// A study in a real browser: every fixture at both widths, then what a reader does with the page.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertApart, assertWellFormed } from "./checks.mjs";
import { fixtures, hostile } from "./fixture.mjs";
import { load } from "./load.mjs";
import { withPage } from "./session.mjs";

const { unbroken } = await load("format.ts");

describe("every study, at both widths", () => {
  for (const name of Object.keys(fixtures)) {
    for (const width of [1280, 390]) {
      test(`${name} at ${width}`, async () => {
        const report = fixtures[name]();
        await withPage(name, { width }, async (page) => {
          assert.equal(await page.locator("h1").innerText(), unbroken(report.answer.sentence));
          assert.equal(await page.locator("tbody tr").count(), report.configurations.length);
          await assertWellFormed(page);
        });
      });
    }
  }
});

describe("the answer", () => {
  test("reasons, doubts and the end of measuring are visible without scrolling far", async () => {
    const report = fixtures.demo();
    await withPage("demo", {}, async (page) => {
      for (const text of [
        ...report.answer.reasons,
        ...report.answer.undecided,
        report.answer.stopped,
      ]) {
        const box = await page.getByText(text, { exact: true }).boundingBox();
        assert.ok(box !== null && box.y < 900, text);
      }
      assert.equal(await page.getByRole("alert").count(), 0);
    });
  });
  for (const [name, text] of [
    ["aa-failed", /A\/A check failed/],
    ["nothing-feasible", /None of the 16 configurations satisfies accuracy ≥ 0.95/],
    ["not-started", /Nothing was measured/],
    ["empty", /Nothing was measured/],
  ]) {
    test(`${name} is announced loudly`, async () => {
      await withPage(name, {}, async (page) => {
        const alert = page.getByRole("alert");
        assert.equal(await alert.count(), 1);
        assert.match(await alert.innerText(), text);
        assert.ok((await alert.boundingBox()).y < 200);
      });
    });
  }
  test("text that looks like markup stays text", async () => {
    await withPage("hostile", {}, async (page) => {
      assert.equal(await page.locator(".question").textContent(), hostile);
      assert.equal(await page.locator("body b", { hasText: /^bold$/ }).count(), 0);
      assert.ok(
        (await page.locator("tbody th").allTextContents()).some((t) => t.includes(hostile)),
      );
    });
  });
});

describe("the trade-off chart", () => {
  const dots = (page) =>
    page.locator(
      "#tradeoff figure [aria-label=dot] path, #tradeoff figure [aria-label=dot] circle",
    );
  const drawing = (page) => page.locator("#tradeoff figure").innerHTML();

  test("draws every configuration, the infeasible one crossed out, the chosen one ringed and labelled", async () => {
    const report = fixtures.demo();
    await withPage("demo", {}, async (page) => {
      const feasible = report.configurations.filter((c) => c.feasible).length;
      const infeasible = report.configurations.length - feasible;
      assert.equal(infeasible, 1);
      assert.equal(await dots(page).count(), 1 + 2 * feasible + 2 * infeasible);
      const chosen = report.configurations.find((c) => c.id === report.answer.chosen).label;
      assert.equal(await page.locator("#tradeoff .label-chosen").textContent(), chosen);
    });
  });
  test("every tick has a label", async () => {
    await withPage("demo", {}, async (page) => {
      for (const axis of [
        "#tradeoff [aria-label^=x-axis]",
        "#effects [aria-label^=x-axis]",
        "#drift [aria-label^=y-axis]",
      ]) {
        const labels = await page.locator(`${axis} text`).allTextContents();
        assert.ok(
          labels.length >= 3 && labels.every((label) => label !== ""),
          `${axis}: ${labels}`,
        );
      }
    });
  });
  test("labels cover neither each other nor, at 390 pixels, leave the chart", async () => {
    for (const width of [1280, 390]) {
      await withPage("demo", { width }, async (page) => {
        const boxes = await page
          .locator("#tradeoff .label")
          .evaluateAll((labels) => labels.map((l) => l.getBoundingClientRect().toJSON()));
        assert.ok(boxes.length >= (width === 1280 ? 10 : 2), `${boxes.length} labels`);
        assertApart(boxes, width);
      });
    }
  });
  for (const [label, value] of [
    ["Up", "cost.per_million"],
    ["Across", "accuracy"],
    ["Colour", "threads"],
    ["Shape", "threads"],
  ]) {
    test(`the selector "${label}" changes it`, async () => {
      await withPage("demo", {}, async (page) => {
        const earlier = await drawing(page);
        await page.locator("#tradeoff").getByLabel(label, { exact: true }).selectOption(value);
        assert.notEqual(await drawing(page), earlier);
      });
    });
  }
  test("the switch to a linear axis is offered where the range is wide, and works by keyboard", async () => {
    await withPage("demo", {}, async (page) => {
      const earlier = await drawing(page);
      await page.getByLabel("log y").focus();
      await page.keyboard.press("Space");
      assert.notEqual(await drawing(page), earlier);
      await page.locator("#tradeoff").getByLabel("Up", { exact: true }).selectOption("accuracy");
      assert.equal(await page.getByLabel("log y").count(), 0);
    });
  });
  test("one objective is drawn against accuracy", async () => {
    await withPage("one-objective", {}, async (page) => {
      assert.equal(
        await page.locator("#tradeoff").getByLabel("Across", { exact: true }).inputValue(),
        "accuracy",
      );
    });
  });
  test("pointing at a point names it", async () => {
    await withPage("demo", {}, async (page) => {
      const dot = dots(page).first();
      await dot.scrollIntoViewIfNeeded();
      const box = await dot.boundingBox();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.waitForFunction(() =>
        document
          .querySelector('#tradeoff [aria-label="tip"]')
          ?.textContent.includes("on the front"),
      );
    });
  });
});

describe("the table", () => {
  const firstRow = (page) => page.locator("tbody tr").first().getAttribute("data-id");

  test("sorts by keyboard and says so", async () => {
    const report = fixtures.demo();
    const byLatency = [...report.configurations].sort(
      (a, b) => a.measures["latency.p50"].estimate - b.measures["latency.p50"].estimate,
    );
    await withPage("demo", {}, async (page) => {
      const head = page.locator("thead th", { hasText: "median latency" });
      await head.getByRole("button").focus();
      await page.keyboard.press("Enter");
      assert.equal(await head.getAttribute("aria-sort"), "ascending");
      assert.equal(await firstRow(page), String(byLatency[0].id));
      await page.keyboard.press("Enter");
      assert.equal(await head.getAttribute("aria-sort"), "descending");
      assert.equal(await firstRow(page), String(byLatency.at(-1).id));
      assert.equal(
        await page.locator('thead th[aria-sort="none"]').count(),
        (await page.locator("thead th").count()) - 1,
      );
      assert.ok(
        await head.getByRole("button").evaluate((b) => b === document.activeElement),
        "focus stays",
      );
    });
  });
  test("configurations without a value sort last both ways", async () => {
    await withPage("extreme", {}, async (page) => {
      const button = page
        .locator("thead th", { hasText: "images per second" })
        .first()
        .getByRole("button");
      for (let i = 0; i < 2; i++) {
        await button.click();
        assert.equal(await page.locator("tbody tr").last().getAttribute("data-id"), "3");
      }
    });
  });
  test("filters by knob and announces the count", async () => {
    await withPage("demo", {}, async (page) => {
      await page.locator("#configurations").getByLabel("batch").selectOption("32");
      assert.equal(await page.locator("tbody tr").count(), 4);
      assert.match(await page.locator("#configurations [role=status]").innerText(), /^4 of 16/);
    });
  });
  test("says verdicts in words, counts censored runs, aligns numbers", async () => {
    await withPage("demo", {}, async (page) => {
      assert.match(
        await page.locator("tr[data-id='3']").innerText(),
        /worse[\s\S]*no[\s\S]*accuracy ≥ 0.88[\s\S]*19\s+1$/,
      );
      assert.match(await page.locator("tr.is-chosen").innerText(), /★ chosen/);
      const style = await page
        .locator("td.number")
        .first()
        .evaluate((e) => {
          const { textAlign, fontVariantNumeric } = getComputedStyle(e);
          return { textAlign, fontVariantNumeric };
        });
      assert.equal(style.textAlign, "right");
      assert.match(style.fontVariantNumeric, /tabular-nums/);
    });
  });
});

describe("noise and drift", () => {
  test("the A/A arm stands beside the effects", async () => {
    await withPage("demo", {}, async (page) => {
      const alternatives = await page
        .locator("#effects svg[role=img]")
        .evaluateAll((c) => c.map((e) => e.getAttribute("aria-label")));
      assert.equal(alternatives.length, 2);
      assert.ok(alternatives.every((a) => /A\/A: images per second: \d/.test(a)));
      assert.match(
        alternatives[1],
        /f32, batch 1, threads 1: 0\.0\d+× {2}\(0\.\d+–0\.\d+\), worse/,
      );
    });
  });
  test("drift tells the slow blocks and the censored run, and marks what one asks for", async () => {
    await withPage("demo", {}, async (page) => {
      assert.match(
        await page.locator("#drift svg[role=img]").getAttribute("aria-label"),
        /strays most in block 1[23]: \u2212\d/,
      );
      assert.match(
        await page.locator("#drift").innerText(),
        /f32, batch 8, threads 2 timed out in block 7/,
      );
      const earlier = await page.locator("#drift figure").innerHTML();
      await page.locator("#drift").getByLabel("Mark").selectOption("aa");
      assert.notEqual(await page.locator("#drift figure").innerHTML(), earlier);
    });
  });
});
