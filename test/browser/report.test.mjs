// The report in a real browser: every fixture at both widths, then what a reader does with the page.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { launch, open } from "./browser.mjs";
import { fixtures, hostile } from "./fixture.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

async function withPage(name, options, use) {
  const opened = await open(browser, name, options);
  try {
    await use(opened.page, opened);
    assert.deepEqual(opened.errors, [], "the console stays silent");
    assert.deepEqual(opened.requests, [], "nothing is fetched");
  } finally {
    await opened.close();
  }
}

describe("every study, at both widths", () => {
  for (const name of Object.keys(fixtures)) {
    for (const width of [1280, 390]) {
      test(`${name} at ${width}`, async () => {
        const report = fixtures[name]();
        await withPage(name, { width }, async (page) => {
          assert.equal(await page.locator("h1").innerText(), report.answer.sentence);
          assert.ok(await page.locator("h1").isVisible());
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.equal(overflow, 0, "no horizontal overflow");
          assert.equal(await page.locator("tbody tr").count(), report.configurations.length);
          const body = await page.locator("body").innerText();
          assert.doesNotMatch(body, /NaN|undefined|Infinity|\[object/);
          const paths = await page.locator("svg path, svg line, svg rect, svg circle").evaluateAll((marks) =>
            marks.filter((m) => [...m.attributes].some((a) => a.value.includes("NaN"))).length);
          assert.equal(paths, 0, "no mark is drawn at NaN");
          const named = await page.locator("figure.chart > svg").evaluateAll((charts) =>
            charts.every((c) => c.getAttribute("role") === "img" && c.getAttribute("aria-label").length > 20));
          assert.ok(named, "every chart has a text alternative");
        });
      });
    }
  }
});

describe("the answer", () => {
  test("reasons, doubts and the end of measuring are visible without scrolling far", async () => {
    const report = fixtures.demo();
    await withPage("demo", {}, async (page) => {
      for (const text of [...report.answer.reasons, ...report.answer.undecided, report.answer.stopped]) {
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
      assert.ok((await page.locator("tbody th").allTextContents()).some((t) => t.includes(hostile)));
    });
  });
});

describe("the trade-off chart", () => {
  const dots = (page) => page.locator("#tradeoff figure [aria-label=dot] path, #tradeoff figure [aria-label=dot] circle");
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
  test("labels cover neither each other nor, at 390 pixels, leave the chart", async () => {
    for (const width of [1280, 390]) {
      await withPage("demo", { width }, async (page) => {
        const boxes = await page.locator("#tradeoff .label").evaluateAll((labels) => labels.map((l) => l.getBoundingClientRect().toJSON()));
        assert.ok(boxes.length >= (width === 1280 ? 10 : 2), `${boxes.length} labels`);
        boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
          const apart = a.right <= b.left || b.right <= a.left || a.bottom - 2 <= b.top || b.bottom - 2 <= a.top;
          assert.ok(apart, "two labels overlap");
        }));
        assert.ok(boxes.every((b) => b.left >= 0 && b.right <= width));
      });
    }
  });
  for (const [label, value] of [["Up", "cost.per_million"], ["Across", "accuracy"], ["Colour", "threads"], ["Shape", "threads"]]) {
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
      assert.equal(await page.locator("#tradeoff").getByLabel("Across", { exact: true }).inputValue(), "accuracy");
    });
  });
  test("pointing at a point names it", async () => {
    await withPage("demo", {}, async (page) => {
      const dot = dots(page).first();
      await dot.scrollIntoViewIfNeeded();
      const box = await dot.boundingBox();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.waitForFunction(() => document.querySelector('#tradeoff [aria-label="tip"]')?.textContent.includes("on the front"));
    });
  });
});

describe("the table", () => {
  const firstRow = (page) => page.locator("tbody tr").first().getAttribute("data-id");

  test("sorts by keyboard and says so", async () => {
    const report = fixtures.demo();
    const byLatency = [...report.configurations].sort((a, b) => a.measures["latency.p50"].estimate - b.measures["latency.p50"].estimate);
    await withPage("demo", {}, async (page) => {
      const head = page.locator("thead th", { hasText: "median latency" });
      await head.getByRole("button").focus();
      await page.keyboard.press("Enter");
      assert.equal(await head.getAttribute("aria-sort"), "ascending");
      assert.equal(await firstRow(page), String(byLatency[0].id));
      await page.keyboard.press("Enter");
      assert.equal(await head.getAttribute("aria-sort"), "descending");
      assert.equal(await firstRow(page), String(byLatency.at(-1).id));
      assert.equal(await page.locator('thead th[aria-sort="none"]').count(), (await page.locator("thead th").count()) - 1);
      assert.ok(await head.getByRole("button").evaluate((b) => b === document.activeElement), "focus stays");
    });
  });
  test("configurations without a value sort last both ways", async () => {
    await withPage("extreme", {}, async (page) => {
      const button = page.locator("thead th", { hasText: "images per second" }).first().getByRole("button");
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
      assert.match(await page.locator("tr[data-id='3']").innerText(), /worse[\s\S]*no[\s\S]*accuracy ≥ 0.88[\s\S]*19\s+1$/);
      assert.match(await page.locator("tr.is-chosen").innerText(), /★ chosen/);
      const style = await page.locator("td.number").first().evaluate((e) => {
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
      const alternatives = await page.locator("#effects svg[role=img]").evaluateAll((c) => c.map((e) => e.getAttribute("aria-label")));
      assert.equal(alternatives.length, 2);
      assert.ok(alternatives.every((a) => /A\/A: images per second: \d/.test(a)));
      assert.match(alternatives[1], /f32, batch 1, threads 1: 0\.0\d+× {2}\(0\.\d+–0\.\d+\), worse/);
    });
  });
  test("drift tells the slow blocks and the censored run, and marks what one asks for", async () => {
    await withPage("demo", {}, async (page) => {
      assert.match(await page.locator("#drift svg[role=img]").getAttribute("aria-label"), /strays most in block 1[23]: \u2212\d/);
      assert.match(await page.locator("#drift").innerText(), /f32, batch 8, threads 2 timed out in block 7/);
      const earlier = await page.locator("#drift figure").innerHTML();
      await page.locator("#drift").getByLabel("Mark").selectOption("aa");
      assert.notEqual(await page.locator("#drift figure").innerHTML(), earlier);
    });
  });
});

/** RFC 4180, enough to read back what was written. */
function parseCsv(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

describe("downloads", () => {
  async function saved(page, title) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: title }).click()]);
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
  }
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

/** WCAG 2 contrast of every text on the page against what is painted behind it. */
function lowContrast() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const written = [...element.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim() !== "");
    if (!written || element.closest("script, style, noscript, option") || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const ink = rgba(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [luminance(ink.slice(0, 3)), luminance(behind(element).slice(0, 3))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)} ${element.tagName} ${element.textContent.slice(0, 40)}`);
  }
  return found;
}

describe("light, dark, paper", () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const name of ["demo", "aa-failed"]) {
      test(`${name}: every text has a contrast of 4.5 : 1 in ${colorScheme}`, async () => {
        await withPage(name, { colorScheme }, async (page) => assert.deepEqual(await page.evaluate(lowContrast), []));
      });
    }
    test(`every knob colour has a contrast of 3 : 1 in ${colorScheme}`, async () => {
      await withPage("demo", { colorScheme }, async (page) => {
        const weak = await page.evaluate(() => {
          const style = getComputedStyle(document.documentElement);
          const luminance = (hex) => {
            const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
              .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const value = (name) => style.getPropertyValue(name).trim();
          const names = [...Array(7).keys()].map((i) => `--ramp-${i}`).concat([...Array(6).keys()].map((i) => `--hue-${i}`));
          return names.filter((name) => {
            const [a, b] = [luminance(value(name)), luminance(value("--paper"))].sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05) < 3;
          });
        });
        assert.deepEqual(weak, []);
      });
    });
  }
  test("dark is dark, and paper is light even then", async () => {
    await withPage("demo", { colorScheme: "dark" }, async (page) => {
      const background = () => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--paper").trim());
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
      assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the answer");
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
