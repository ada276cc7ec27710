/** Every sample of every op: the scheduled kernel as WASM gives the bits of the lowered one on the interpreter. */
import { expect, test } from 'vitest';
import { targets } from '../../../compiler/program/target.ts';
import { sampleKernel } from '../../support/sample-kernel.ts';
import { calls, hasKernel } from '../../support/samples.ts';
import { bitsOf, wasmKernel } from './run.ts';

const batches = [1, 3, 4, 9];

const lowered = calls.filter(({ op }) => hasKernel(op));
const cases = (['ts', 'wasm'] as const).flatMap((target) =>
  lowered.map((call) => ({ ...call, target, title: `${call.title} by the schedule of ${target}` })),
);

test.each(cases)('$title', (call) => {
  const { scheduled, inputs, result, expected } = sampleKernel(call, targets[call.target]);
  const run = wasmKernel(scheduled);
  for (const n of batches) {
    const y = result(n);
    run([...inputs(n), y], n);
    expect(bitsOf(y)).toEqual(bitsOf(expected(n)));
  }
});
