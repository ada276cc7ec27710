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

/**
 * `inPage(files, work, argument)`: what the function with the text `work` gives in a page of its own, whose origin has these
 * files by path.
 */
export async function openBrowser(args = []) {
  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox', ...args] });
  const inPage = async (files, work, argument) => {
    const page = await browser.newPage();
    try {
      await page.route('**/*', (route) => {
        const body = files[new URL(route.request().url()).pathname];
        return body === undefined
          ? route.fulfill({ contentType: 'text/html', headers, body: '<!doctype html>' })
          : route.fulfill({ contentType: 'text/javascript', headers, body });
      });
      await page.goto(origin);
      return await page.evaluate(`(${work})(${JSON.stringify(argument)})`);
    } finally {
      await page.close();
    }
  };
  return { version: browser.version(), inPage, close: () => browser.close() };
}

/** `run(text, job)` trains the module of this text. */
export async function openChromium() {
  const { version, inPage, close } = await openBrowser();
  const run = (text, job) => inPage({ '/train.mjs': trainText, '/model.mjs': text }, trainInPage, job);
  return { version, run, close };
}
