// Two threads against one: ours beside itself, in turns.
import { availableParallelism } from 'node:os';
import { compareThreads } from './peers.mjs';
import { table } from './support.mjs';

export async function threads() {
  if (availableParallelism() < 2) console.log('this machine has one processor: no speed-up is possible');
  const rows = [];
  for (const [model, kind] of [
    ['resnet18', 'infer'],
    ['resnet20', 'step'],
  ])
    rows.push([
      `${model}, ${kind === 'infer' ? 'inference, batch 1' : 'step, batch 32'}`,
      ...(await compareThreads(model, kind)),
      '>= 1.7',
    ]);
  table('Two threads against one', ['', 'one', 'two', 'faster', 'aim'], rows);
}
