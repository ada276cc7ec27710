/** Generated modules in Chromium: what a content-security policy and cross-origin isolation allow. */
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { executable } from '../engines/chromium.mjs';
import { compileText } from '../support/module.ts';
import type { Model } from '../runtime/tiny.ts';
import { moduleOf, points, tinyText } from '../runtime/tiny.ts';
import type { CompileOptions } from '../../compiler/compile.ts';

const scripts = "default-src 'none'; script-src 'unsafe-inline' blob:";
const isolated = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** In the page: imports the module, trains and predicts; or gives the error. */
const useInPage = `async ({ content, options, x, truth }) => {
  try {
    const url = URL.createObjectURL(new Blob([content], { type: 'text/javascript' }));
    const { createModel } = await import(url);
    const model = await createModel({ seed: 3, ...options });
    const data = { x: Float32Array.from(x), truth: Int32Array.from(truth) };
    await model.fit(data);
    const { target, threads, reason } = model.info;
    const { kind } = await model.predict(data);
    await model.dispose();
    return { target, threads, reason, kind: [...kind] };
  } catch ({ code, message }) {
    return { code, message };
  }
}`;

test('modules do what the page allows', async () => {
  if (executable === undefined) {
    const reason = 'no Chromium: install Debian’s package chromium, or name one in CHROMIUM';
    expect(process.env['REQUIRE_CHROMIUM'], reason).toBeUndefined();
    console.warn(`not run: ${reason}`);
    return;
  }
  const data = points(18);
  const model: Model = await (await moduleOf(tinyText)).createModel({ seed: 3 });
  await model.fit(data);
  const kind = [...(await model.predict(data))['kind']!];
  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
  try {
    const use = async (headers: Record<string, string>, compiled: CompileOptions, options: object = {}) => {
      const page = await browser.newPage();
      await page.route('**/*', (route) =>
        route.fulfill({ contentType: 'text/html', headers, body: '<!doctype html>' }),
      );
      // Only on a secure origin is a page isolated.
      await page.goto('https://cnnc.test/');
      const [file] = compileText(tinyText, compiled).files;
      const { x, truth } = data;
      const given = { content: file!.content, options, x: [...x], truth: [...truth] };
      const result: unknown = await page.evaluate(`(${useInPage})(${JSON.stringify(given)})`);
      await page.close();
      return result;
    };
    const plain = { 'content-security-policy': scripts };
    const wasm = { 'content-security-policy': `${scripts} 'wasm-unsafe-eval'` };
    const workers = { 'content-security-policy': `${scripts} 'wasm-unsafe-eval'; worker-src blob:` };
    expect(await use(plain, { kernels: 'ts' })).toMatchObject({ target: 'ts', kind });
    expect(await use(plain, {})).toMatchObject({ code: 'wasm-policy' });
    const reason = expect.stringMatching(/wasm-unsafe-eval/) as string;
    expect(await use(plain, { kernels: 'both' })).toMatchObject({ target: 'ts', reason, kind });
    expect(await use(wasm, {})).toMatchObject({ target: 'wasm', threads: 1, kind });
    const alone = { target: 'wasm', threads: 1, kind };
    const noBuffer = expect.stringMatching(/no SharedArrayBuffer/) as string;
    expect(await use(workers, {}, { threads: 2 })).toMatchObject({ ...alone, reason: noBuffer });
    const noWorker = expect.stringMatching(/workers do not start \(a policy needs worker-src/) as string;
    const refused = await use(
      { ...isolated, 'content-security-policy': `${scripts} 'wasm-unsafe-eval'; worker-src 'none'` },
      {},
      { threads: 2 },
    );
    expect(refused).toMatchObject({ ...alone, reason: noWorker });
    expect(await use({ ...workers, ...isolated }, {}, { threads: 2 })).toMatchObject({
      target: 'wasm',
      threads: 2,
      kind,
    });
  } finally {
    await browser.close();
  }
});
