#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadCached } from './code-cache.ts';
import type * as program from './program.ts';

// Each command, target and kind of kernels runs other code.
const [command = 'help', ...options] = process.argv.slice(2);
const kinds = options.filter(
  (word, i) => /^--(target|kernels)=/.test(word) || /^--(target|kernels)$/.test(options[i - 1] ?? ''),
);
const path = fileURLToPath(new URL('program.cjs', import.meta.url));
if (!existsSync(path)) {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  console.error(
    `cnnc: ${path} is missing: it is not built to its end; \`npm run setup\` in ${root} does that`,
  );
  process.exit(1);
}
const { main } = loadCached<typeof program>(path, [command, ...kinds].join());
await main((module) => import(module));
