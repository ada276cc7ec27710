import { test } from 'vitest';
import { readFileSync, readdirSync } from 'node:fs';
import { parse } from '/work/main/compiler/syntax/index.ts';
test('x', () => {
  for (const f of readdirSync('/work/main/test/syntax/files')) {
    const t = performance.now();
    const { file, diagnostics } = parse(f, readFileSync('/work/main/test/syntax/files/' + f, 'utf8'));
    console.log(f, performance.now() - t, file.items.length, JSON.stringify(diagnostics, null, 1));
  }
});
