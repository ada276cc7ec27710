#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { loadCached } from './code-cache.ts';
import type * as program from './program.ts';

// Each command runs other code.
const path = fileURLToPath(new URL('program.cjs', import.meta.url));
const { main } = loadCached<typeof program>(path, process.argv[2] ?? 'help');
await main((module) => import(module));
