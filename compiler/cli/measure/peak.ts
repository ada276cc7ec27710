/** What the machine can do at most: multiplications and additions of vectors that nothing has to wait for. */
import { emitKernels } from '../../emit/wasm/index.ts';
import { invariant } from '../../base/invariant.ts';
import { parseKernel } from '../../loop/parse.ts';
import { applyStep } from '../../schedule/index.ts';
import { instantiate } from './instantiate.ts';

const chains = 12;
const rounds = 20_000;

/** Twelve sums that do not depend on one another hide how long an addition takes, and still fit the vector registers. */
const kernel = `kernel peak [elementwise](x: f32[8]) -> (y: f32[${chains}, 4]) {
  alloc register factor: f32[4]
  alloc register term: f32[4]
  alloc register sums: f32[${chains}, 4]
  for a: 4 in 0..4 vectorize {
    factor[a] = x[a]
    term[a] = x[a + 4]
  }
  for i: ${chains} in 0..${chains} unroll {
    for b: 4 in 0..4 vectorize {
      sums[i, b] = x[b + 4]
    }
  }
  for round: ${rounds} in 0..${rounds} {
    for j: ${chains} in 0..${chains} unroll {
      for c: 4 in 0..4 vectorize {
        sums[j, c] = sums[j, c] * factor[c] + term[c]
      }
    }
  }
  for k: ${chains} in 0..${chains} unroll {
    for d: 4 in 0..4 vectorize {
      y[k, d] = sums[k, d]
    }
  }
}
`;

/** GFLOP/s of one thread, the best of many short runs. */
export async function measurePeak(fast: boolean): Promise<number> {
  const code = emitKernels([applyStep(parseKernel(kernel), { step: 'unroll_marked' })]);
  const { calls, memory } = await instantiate(code, { scratchBase: 1024, scratchBytes: 0 }, fast);
  const run = calls['peak'] as ((...operands: readonly number[]) => void) | undefined;
  invariant(run, 'the kernel is exported');
  new Float32Array(memory.buffer, 0, 8).set([0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1]);
  let best = Infinity;
  for (let i = 0; i < 60; i++) {
    const began = performance.now();
    run(0, 32, 512, 1, 0, 1);
    best = Math.min(best, performance.now() - began);
  }
  return (2 * 4 * chains * rounds) / best / 1e6;
}
