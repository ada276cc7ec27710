/** Every sample of every op: the scheduled kernel as emitted JavaScript gives the bits of the lowered one on the interpreter. */
import { expect, test } from 'vitest';
import { targets } from '../../compiler/program/target.ts';
import { bytesOf } from '../lower/run.ts';
import { emittedKernel } from '../support/emitted.ts';
import { sampleKernel } from '../support/sample-kernel.ts';
import { calls, hasKernel } from '../support/samples.ts';

/** 1, maxBatch - 1, maxBatch and 2 * maxBatch + 1 for a maxBatch of 4. */
const batches = [1, 3, 4, 9];

test.each(calls.filter(({ op }) => hasKernel(op)))('$title', (call) => {
  const { scheduled, inputs, result, expected } = sampleKernel(call, targets.ts);
  const run = emittedKernel(scheduled);
  for (const n of batches) {
    const y = result(n);
    run([...inputs(n), y], n);
    expect(bytesOf(y)).toEqual(bytesOf(expected(n)));
  }
});
