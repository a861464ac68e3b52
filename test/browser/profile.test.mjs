// A profile in a real browser: every fixture at both widths, then what a reader does with the page.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertApart, assertWellFormed } from "./checks.mjs";
import { hostile } from "./fixture.mjs";
import { load } from "./load.mjs";
import { profiles } from "./profiles.mjs";
import { withPage } from "./session.mjs";
import { parseCsv, saved } from "./taking.mjs";

const { unbroken } = await load("format.ts");

describe("every profile, at both widths", () => {
  for (const name of Object.keys(profiles)) {
    for (const width of [1280, 390]) {
      test(`${name} at ${width}`, async () => {
        const profile = profiles[name]();
        await withPage(name, { width }, async (page) => {
          const [sentence = profile.title, ...more] = profile.answer ?? [];
          assert.equal(await page.locator("h1").textContent(), unbroken(sentence));
          assert.deepEqual(await page.locator("#answer li").allTextContents(), more.map(unbroken));
          assert.equal(
            await page.locator("#operators tbody tr").count(),
            profile.operators?.length ?? 0,
          );
          await assertWellFormed(page);
        });
      });
    }
  }
});

describe("the page of a profile", () => {
  const parts = (page) => page.locator("main > section").evaluateAll((all) => all.map((s) => s.id));
  test("has the parts for which there are data; a comparison follows the answer", async () => {
    const all = ["time", "roofline", "flame", "operators", "memory", "counters", "data"];
    await withPage("profile", {}, async (page) =>
      assert.deepEqual(await parts(page), ["answer", ...all]),
    );
    await withPage("profile-compared", {}, async (page) =>
      assert.deepEqual(await parts(page), ["answer", "comparison", ...all]),
    );
    await withPage("profile-bare", {}, async (page) =>
      assert.deepEqual(await parts(page), ["answer", "data"]),
    );
  });
  test("the time is told by kind of operator and by cause of idleness, the most first", async () => {
    await withPage("profile", {}, async (page) => {
      const names = await page.locator("#time .bar-name").allTextContents();
      assert.ok(names.includes("idle: loader"));
      assert.equal(names.filter((n) => n.startsWith("4 × ")).length, 6);
      const widths = await page
        .locator("#time .bar")
        .evaluateAll((all) => all.map((b) => b.getBoundingClientRect().width));
      assert.ok(widths.every((w, i) => i === 0 || w <= widths[i - 1]));
    });
  });
  test("the comparison says its verdicts in words, and sorts what matters first", async () => {
    await withPage("profile-compared", {}, async (page) => {
      const rows = await page.locator("#comparison tbody tr").allInnerTexts();
      assert.match(rows[0], /1\.18×[\s\S]*1\.12–1\.24[\s\S]*▼ worse/);
      assert.match(rows.at(-1), /= equivalent/);
      assert.match(
        await page.locator("#comparison svg[role=img]").getAttribute("aria-label"),
        /convolution1: 0\.720× {2}\(0\.698–0\.742\), better/,
      );
    });
  });
  test("operators sort by keyboard and filter by kind", async () => {
    await withPage("profile", {}, async (page) => {
      const head = page.locator("#operators thead th", { hasText: "Of the roof" });
      await head.getByRole("button").focus();
      await page.keyboard.press("Enter");
      assert.equal(await head.getAttribute("aria-sort"), "ascending");
      await page.locator("#operators").getByLabel("kind").selectOption("matmul");
      assert.match(await page.locator("#operators [role=status]").innerText(), /^4 of 24/);
    });
  });
  test("text that looks like markup stays text", async () => {
    await withPage("profile-hostile", {}, async (page) => {
      assert.equal(await page.locator("h1").textContent(), hostile);
      assert.equal(await page.locator("body b", { hasText: /^bold$/ }).count(), 0);
      assert.equal(await page.locator(".span").first().textContent(), hostile);
    });
  });
  test("its data are there to take", async () => {
    const profile = profiles.profile();
    await withPage("profile", {}, async (page) => {
      const json = await saved(page, "The whole profile as JSON");
      assert.deepEqual(JSON.parse(json.text), profile);
      const [header, ...operators] = parseCsv((await saved(page, "Operators as CSV")).text);
      assert.equal(operators.length, 24);
      assert.equal(operators[0][header.indexOf("bound")], "compute");
      const counters = parseCsv((await saved(page, "Counters as CSV")).text);
      assert.equal(counters.length, 1 + 400 + 120 + 200);
    });
  });
});

describe("the page of sampled stacks", () => {
  test("has functions instead of operators, and a flame graph", async () => {
    await withPage("profile-stacks", {}, async (page) => {
      const parts = await page
        .locator("main > section")
        .evaluateAll((all) => all.map((s) => s.id));
      assert.deepEqual(parts, ["answer", "time", "flame", "functions", "data"]);
      assert.match(await page.locator("#answer .figures").innerText(), /CPU time[\s\S]*3 lost/i);
      assert.match(
        await page.locator("#time li").first().innerText(),
        /run_tape\._omp_fn\.0[\s\S]*50\s%\s·\s6\.03\ss/,
      );
      assert.equal(await page.locator("#functions tbody tr").count(), 7);
      assert.match(await page.locator("#functions").innerText(), /Left out: 12 functions/);
      await page.locator("#functions").getByLabel("library").selectOption("generated code");
      assert.equal(await page.locator("#functions tbody tr").count(), 2);
      const functions = parseCsv((await saved(page, "Functions as CSV")).text);
      assert.deepEqual(functions[0], ["name", "library", "own", "total"]);
      assert.equal(functions.length, 1 + 7);
    });
  });
  test("counts samples where nobody knows what one stands for", async () => {
    await withPage("profile-stacks-no-period", {}, async (page) => {
      assert.match(await page.locator("#time li").first().innerText(), /1,200 samples/);
      await page.locator("#flame .span").nth(1).click();
      assert.match(await page.locator("#flame [role=status]").innerText(), /\d samples, \d/);
      assert.doesNotMatch(await page.locator("#answer .figures").innerText(), /CPU time/i);
    });
  });
});

describe("the roofline", () => {
  test("draws every operator that counts, a symbol's area its share", async () => {
    const { operators } = profiles.profile();
    await withPage("profile", {}, async (page) => {
      const radii = await page
        .locator("#roofline [aria-label=dot] circle")
        .evaluateAll((all) => all.map((c) => Number(c.getAttribute("r"))));
      assert.equal(radii.length, operators.length);
      const share = (i) => operators.map((o) => o.share).sort((a, b) => b - a)[i];
      assert.ok(Math.abs((radii[1] / radii[0]) ** 2 - share(1) / share(0)) < 1e-3);
    });
  });
  for (const width of [1280, 390]) {
    test(`names operators and lines without overlap at ${width}`, async () => {
      await withPage("profile", { width }, async (page) => {
        const labels = page.locator("#roofline .label");
        const boxes = await labels.evaluateAll((all) =>
          all.map((l) => l.getBoundingClientRect().toJSON()),
        );
        assert.ok(boxes.length >= (width === 1280 ? 14 : 8), `${boxes.length} labels`);
        assertApart(boxes, width);
        const named = await page.locator("#roofline .label-chosen").allTextContents();
        assert.equal(named.length, 4, "each line is named");
      });
    });
  }
  test("says what it leaves out", async () => {
    await withPage("profile-hostile", {}, async (page) =>
      assert.match(await page.locator("#roofline").innerText(), /Not drawn: 1 operator without/),
    );
  });
});

describe("the flame graph", () => {
  const focused = (page) =>
    page.evaluate(() => document.activeElement.getAttribute("aria-label")?.split(",")[0]);
  const spans = (page) => page.locator("#flame .span");

  test("a click enlarges a span, another on what is around it goes back", async () => {
    await withPage("profile", {}, async (page) => {
      const step = spans(page).nth(2);
      const name = await step.textContent();
      const narrow = (await step.boundingBox()).width;
      await step.click();
      const wide = page.locator("#flame .span:not(.is-around)").first();
      assert.equal(await wide.textContent(), name);
      assert.ok((await wide.boundingBox()).width > 2 * narrow);
      assert.match(
        await page.locator("#flame [role=status]").innerText(),
        new RegExp(`^Shown: ${name}`),
      );
      await page.locator("#flame .is-around").first().click();
      assert.equal(await page.locator("#flame .is-around").count(), 0);
    });
  });
  test("is one stop of the keyboard, walked by arrows, enlarged by Enter, left by Escape", async () => {
    await withPage("profile", {}, async (page) => {
      await page.locator("#flame-search").focus();
      await page.keyboard.press("Tab");
      assert.equal(await focused(page), "main");
      await page.keyboard.press("ArrowDown");
      const first = await focused(page);
      await page.keyboard.press("ArrowRight");
      const second = await focused(page);
      assert.notEqual(first, second);
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.activeElement.getBoundingClientRect().width > 1000);
      assert.equal(await focused(page), second);
      await page.keyboard.press("ArrowUp");
      assert.equal(await focused(page), "main");
      await page.keyboard.press("Escape");
      await page.waitForFunction(() => !document.querySelector("#flame .is-around"));
      assert.equal(await focused(page), "main");
      await page.keyboard.press("Tab");
      assert.equal(await page.locator("#flame .span:focus").count(), 0);
    });
  });
  test("pointing and focus tell time and share", async () => {
    await withPage("profile", {}, async (page) => {
      const tip = page.locator(".flame-tip");
      assert.ok(!(await tip.isVisible()));
      await spans(page).nth(1).hover();
      assert.match(await tip.innerText(), /s, \d+.% of the whole, \d+.% of the span around it/);
      await page.mouse.move(0, 0);
      assert.ok(!(await tip.isVisible()));
      await spans(page).first().focus();
      assert.match(await tip.innerText(), /main\s+12\.3.s, 100.% of the whole/);
    });
  });
  test("search marks spans and tells the time they took", async () => {
    await withPage("profile", {}, async (page) => {
      await page.getByLabel("Find").fill("convolution");
      const marked = page.locator("#flame .is-match");
      assert.ok((await marked.count()) > 3);
      assert.match(
        await page.locator("#flame [role=status]").innerText(),
        /^\d+ spans found: [\d.]+.m?s, \d+.% of the whole\.$/,
      );
      await page.getByLabel("Find").fill("no such thing");
      assert.equal(await marked.count(), 0);
      assert.match(await page.locator("#flame [role=status]").innerText(), /No span has such/);
      await page.getByLabel("Find").fill("");
      assert.equal(await page.locator("#flame .is-other").count(), 0);
    });
  });
  test("of 5,000 spans it draws those wide enough to see, at once", async () => {
    await withPage("profile-large", {}, async (page) => {
      const narrowest = await spans(page).evaluateAll((all) =>
        Math.min(...all.map((s) => s.getBoundingClientRect().width)),
      );
      assert.ok(narrowest > 0.9);
      const took = await page.evaluate(() => {
        const begin = performance.now();
        document.querySelectorAll("#flame .span")[1].click();
        return performance.now() - begin;
      });
      assert.ok(took < 1000, `${took} ms`);
    });
  });
});

test("data of another shape are told by their path", async () => {
  await withPage("profile-misshapen", {}, async (page) =>
    assert.match(
      await page.locator("main").innerText(),
      /Nothing to show\s+The data in this file cannot be shown: operators\[0\]\.seconds should be a number/,
    ),
  );
});

for (const [name, text] of [
  ["kind-unknown", /kind poem/],
  ["schema-unknown", /schema 2/],
]) {
  test(`${name} is told`, async () => {
    await withPage(name, {}, async (page) =>
      assert.match(await page.locator("main").innerText(), text),
    );
  });
}
