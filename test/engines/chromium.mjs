// Runs jobs in Chromium, each in a page of its own that has threads and a strict content-security policy.
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { chromium } from 'playwright-core';

/** Debian's, or what the variable names; undefined where there is none. */
export const executable = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => existsSync(path));

const origin = 'https://cnnc.test';
const headers = {
  'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:",
  // Without these two a page has no SharedArrayBuffer.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};
const trainText = readFileSync(new URL('train.mjs', import.meta.url), 'utf8');

// A text, because tools that transform this file would change its imports.
const trainInPage = `async (job) => {
  const [{ train }, model] = await Promise.all([import('/train.mjs'), import('/model.mjs')]);
  return train(model, job);
}`;

/** `run(text, job)` trains the module of this text. */
export async function openChromium() {
  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
  const run = async (text, job) => {
    const page = await browser.newPage();
    try {
      const files = { '/train.mjs': trainText, '/model.mjs': text };
      await page.route('**/*', (route) => {
        const body = files[new URL(route.request().url()).pathname];
        return body === undefined
          ? route.fulfill({ contentType: 'text/html', headers, body: '<!doctype html>' })
          : route.fulfill({ contentType: 'text/javascript', headers, body });
      });
      await page.goto(origin);
      return await page.evaluate(`(${trainInPage})(${JSON.stringify(job)})`);
    } finally {
      await page.close();
    }
  };
  return { version: browser.version(), run, close: () => browser.close() };
}
