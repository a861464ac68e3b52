// What holds of every page, whatever it shows.
import assert from "node:assert/strict";

/** It fits its width, says nothing that only a program says, and every chart is drawn and told in words. */
export async function assertWellFormed(page) {
  assert.ok(await page.locator("h1").isVisible());
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.equal(overflow, 0, "no horizontal overflow");
  const body = await page.locator("body").innerText();
  assert.doesNotMatch(body, /NaN|undefined|Infinity|\[object/);
  const undrawn = await page
    .locator("svg path, svg line, svg rect, svg circle, svg text")
    .evaluateAll(
      (marks) =>
        marks.filter((m) => [...m.attributes].some((a) => /NaN|Infinity/.test(a.value))).length,
    );
  assert.equal(undrawn, 0, "no mark is drawn at NaN");
  const untold = await page
    .locator("figure.chart > svg")
    .evaluateAll(
      (charts) =>
        charts.filter(
          (c) => c.getAttribute("role") !== "img" || c.getAttribute("aria-label").length <= 20,
        ).length,
    );
  assert.equal(untold, 0, "every chart has a text alternative");
}

/** None of these boxes covers another, and none leaves the width. */
export function assertApart(boxes, width) {
  boxes.forEach((a, i) =>
    boxes.slice(i + 1).forEach((b) => {
      const apart =
        a.right <= b.left || b.right <= a.left || a.bottom - 2 <= b.top || b.bottom - 2 <= a.top;
      assert.ok(apart, "two labels overlap");
    }),
  );
  assert.ok(boxes.every((b) => b.left >= 0 && b.right <= width));
}

/** Runs in the page. WCAG 2 contrast of every text on it against what is painted behind it. */
export function lowContrast() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) =>
      v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
    );
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
    const written = [...element.childNodes].some(
      (n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim() !== "",
    );
    if (
      !written ||
      element.closest("script, style, noscript, option") ||
      element.getClientRects().length === 0
    )
      continue;
    const style = getComputedStyle(element);
    const ink = rgba(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [luminance(ink.slice(0, 3)), luminance(behind(element).slice(0, 3))].sort(
      (x, y) => y - x,
    );
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5)
      found.push(`${contrast.toFixed(2)} ${element.tagName} ${element.textContent.slice(0, 40)}`);
  }
  return found;
}
