import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../compiler/base/diagnostic.ts';
import { analyze, parseGraph } from '../../compiler/frontend/index.ts';
import { codes as frontend } from '../../compiler/frontend/codes.ts';
import { codes as ops } from '../../compiler/ops/codes.ts';

/** Files that the examples of the pages import. */
const files: ReadonlyMap<string, string> = new Map([
  [
    'residual.cnn',
    `layer Residual(filters: int)(x: f32[N, h, w, filters]) {
  return x + (x -> Conv2D(filters, 3x3, padding: same)) -> relu
}
`,
  ],
]);

function diagnose(code: string, text: string): readonly Diagnostic[] {
  if (code.startsWith('E07')) return parseGraph('model.graph', text).diagnostics;
  const read = (path: string) => (path === 'model.cnn' ? text : files.get(path));
  return analyze({ entry: 'model.cnn', read }).diagnostics;
}

const pages = Object.entries({ ...frontend, ...ops });

describe('the page of', () => {
  it.each(pages)('%s has an example that has the error, and one that has none', (code, page) => {
    const wrong = diagnose(code, page.wrong);
    expect(wrong.map((diagnostic) => diagnostic.code)).toContain(code);
    // One cause, one message: an example must not drown its error in others.
    expect(new Set(wrong.map((diagnostic) => diagnostic.code))).toEqual(new Set([code]));
    expect(diagnose(code, page.right)).toEqual([]);
  });

  it.each(pages)('%s points into the example', (code, page) => {
    for (const { span, message } of diagnose(code, page.wrong)) {
      expect(span.file).toMatch(/^model\./);
      expect(span.start).toBeLessThanOrEqual(span.end);
      expect(span.end).toBeLessThanOrEqual(page.wrong.length);
      expect(message).not.toMatch(/undefined|\[object/);
    }
  });
});

describe('every code', () => {
  const folder = fileURLToPath(new URL('../../compiler/frontend/', import.meta.url));
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(folder + name, 'utf8'))
    .join('');

  it('that the frontend reports has a page, and every page is reported', () => {
    const reported = new Set([...sources.matchAll(/'(E0\d{3})'/g)].map((match) => match[1]));
    expect([...reported].sort()).toEqual(Object.keys(frontend).sort());
  });
});
