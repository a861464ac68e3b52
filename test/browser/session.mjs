// A browser for one test file, and a page for one test: whatever a test does, the console stays silent and nothing is
// fetched.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { launch, open } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

export async function withPage(name, options, use) {
  const opened = await open(browser, name, options);
  try {
    await use(opened.page, opened);
    assert.deepEqual(opened.errors, [], "the console stays silent");
    assert.deepEqual(opened.requests, [], "nothing is fetched");
  } finally {
    await opened.close();
  }
}
