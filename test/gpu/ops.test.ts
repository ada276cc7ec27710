/** Every sample of every op on the GPU: within 1e-4 of the lowered kernel on the interpreter. */
import { test } from 'vitest';
import { targets } from '../../compiler/program/target.ts';
import { describeGpu, runKernel } from '../support/gpu.ts';
import { closeTo } from '../support/close.ts';
import { sampleKernel } from '../support/sample-kernel.ts';
import type { Call } from '../support/samples.ts';
import { calls, hasKernel } from '../support/samples.ts';

/** The largest batch of the plan is the last of them; operands without a batch need one run. */
const batches = ({ operands }: Call): readonly number[] =>
  operands.some(({ shape }) => shape.includes('N')) ? [1, 2, 5] : [1];

describeGpu('ops', () => {
  test.each(calls.filter(({ op }) => hasKernel(op) && !op.name.startsWith('winograd')))(
    '$title',
    async (call) => {
      const { scheduled, inputs, result, expected } = sampleKernel(call, targets.wgsl);
      const run = async (n: number, oneArena: boolean): Promise<void> => {
        const y = result(n);
        await runKernel(scheduled, [...inputs(n), y], n, { oneArena });
        closeTo(y, expected(n), 1e-4, scheduled.kind === 'elementwise' ? 0 : 1 / 100);
      };
      for (const n of batches(call)) await run(n, false);
      await run(1, true);
    },
  );
});
