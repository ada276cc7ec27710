// Two threads against one, by turns, and beside it what the machine allows in the same minutes: two models at once, each on
// one thread, against one alone. `npm run bench -- threads [--only resnet18,resnet20] [--rounds N]`
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { difference, start } from './peers.mjs';
import { median, ms, table } from './support.mjs';

const aim = 1.7;
/** At least so many milliseconds per turn: two that run at once should do so most of the time. */
const turn = 400;
const kinds = { resnet18: 'infer', resnet20: 'step' };
const words = { infer: 'inference, batch 1', step: 'step, batch 32' };

export async function threads(args = []) {
  const { values } = parseArgs({
    args,
    options: { only: { type: 'string' }, rounds: { type: 'string', default: '15' } },
  });
  if (availableParallelism() < 2) console.log('this machine has one processor: no speed-up is possible');
  const rows = [];
  for (const model of values.only?.split(',') ?? Object.keys(kinds)) {
    const kind = kinds[model] ?? 'infer';
    const { one, two, faster, allowed } = await compareThreads(model, kind, Number(values.rounds));
    const row = [ms(median(one)), ms(median(two)), median(faster).toFixed(2), `>= ${aim}`];
    rows.push([`${model}, ${words[kind]}`, ...row, median(allowed).toFixed(2)]);
  }
  table('Two threads against one', ['', 'one', 'two', 'faster', 'aim', 'two models at once'], rows);
}

/** Times, and ratios of each round. */
async function compareThreads(model, kind, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-threads-'));
  const all = [1, 1, 2].map((threads) => ({ threads, ...start('cnnc', false) }));
  try {
    const task = { peer: 'cnnc', model, kind, folder, batch: kind === 'step' ? 32 : 1, kernels: 'wasm' };
    const [single, twin, crew] = all;
    const values = [];
    for (const { threads, ask } of all) {
      const { about } = await ask({ do: 'open', task: { ...task, threads } });
      if (threads === 2 && !about.includes('2 threads')) throw new Error(`${model}: no threads: ${about}`);
      values.push((await ask({ do: 'check' })).values);
    }
    // Bits do not depend on the number of threads.
    if (difference(values[0], values[2]) !== 0)
      throw new Error(`${model}: two threads compute something else`);
    const result = { one: [], two: [], faster: [], allowed: [] };
    for (let round = -1; round < rounds; round++) {
      const alone = await measured(single);
      const shared = await measured(crew);
      const [a, b] = await Promise.all([measured(single), measured(twin)]);
      // The first round is to warm up.
      if (round < 0) continue;
      result.one.push(alone);
      result.two.push(shared);
      result.faster.push(alone / shared);
      result.allowed.push(alone / a + alone / b);
    }
    return result;
  } finally {
    for (const { end } of all) end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds of a call. */
async function measured({ ask }) {
  const { calls, ms } = await ask({ do: 'batch', ms: turn });
  return ms / calls;
}
