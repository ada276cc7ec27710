import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { executable } from '../engines/chromium.mjs';
import { examples, loadExample, readText } from '../examples/harness.ts';

/** No `eval` anywhere: neither the compiler nor a generated module may need it. */
const policy = "default-src 'none'; script-src 'unsafe-inline' blob: 'wasm-unsafe-eval'";

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../compiler/index.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'cnnc',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** In the page: compiles the text, imports the module and predicts. */
const compileInPage = `async ({ text, entry, image }) => {
  const { files, diagnostics } = cnnc.compile({ entry, read: (path) => (path === entry ? text : undefined) }, { target: 'js' });
  if (diagnostics.length > 0) return { problem: diagnostics[0].message };
  const { content } = files.find(({ path }) => path.endsWith('.js'));
  const { createModel } = await import(URL.createObjectURL(new Blob([content], { type: 'text/javascript' })));
  const model = await createModel({ seed: 7 });
  const { digit } = await model.predict({ image: Uint8Array.from(image) });
  return { probabilities: [...digit], wrong: cnnc.compile({ entry, read: () => 'model' }).diagnostics.length };
}`;

it('bundles for the browser without Node', async () => {
  const text = await bundle();
  expect(text).toContain('cnnc');
  expect(text).not.toMatch(/\brequire\("(node:)?(fs|path|os|process)"\)/);
});

it('compiles a model in Chromium, whose module gives the same numbers as in Node', async () => {
  if (executable === undefined) {
    const reason = 'no Chromium: install Debian’s package chromium, or name one in CHROMIUM';
    expect(process.env['REQUIRE_CHROMIUM'], reason).toBeUndefined();
    console.warn(`not run: ${reason}`);
    return;
  }
  const entry = 'digits.cnn';
  const text = readText(examples + entry) ?? '';
  const image = Array.from({ length: 28 * 28 }, (_, i) => (i * 31) % 256);
  const { createModel } = await loadExample(entry);
  const model = await createModel({ seed: 7 });
  const { digit: expected } = await model.predict({ image: Uint8Array.from(image) });
  await model.dispose();

  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.route('**/*', (route) =>
      route.fulfill({
        contentType: 'text/html',
        headers: { 'content-security-policy': policy },
        body: '<!doctype html>',
      }),
    );
    await page.goto('http://cnnc.test/');
    await page.addScriptTag({ content: await bundle() });
    const result: unknown = await page.evaluate(
      `(${compileInPage})(${JSON.stringify({ text, entry, image })})`,
    );
    expect(result).toEqual({ probabilities: [...(expected ?? [])], wrong: expect.any(Number) as number });
    expect(result).not.toHaveProperty('wrong', 0);
  } finally {
    await browser.close();
  }
});
