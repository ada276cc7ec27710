// Working memory of every example: planned, the lower bound for its order of launches, and with nothing shared.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileModel, examples, name, table } from './support.mjs';

export function memory() {
  const rows = [];
  for (const file of readdirSync(examples).sort()) {
    const path = join(examples, file);
    if (!file.endsWith('.cnn') || !/^model /m.test(readFileSync(path, 'utf8'))) continue;
    for (const { name: routine, maxBatch, planned, bound, naive } of compileModel({ path }).report.routines) {
      const ratio = bound === 0 ? '1.000' : (planned / bound).toFixed(3);
      rows.push([`${name(file)} ${routine}`, maxBatch, planned, bound, ratio, naive]);
    }
  }
  const head = ['', 'batch', 'planned', 'bound', 'planned / bound', 'unshared'];
  table('Working memory in bytes (aim: planned = bound for infer)', head, rows);
}
