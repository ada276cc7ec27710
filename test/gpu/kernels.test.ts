/** Fused kernels on the GPU: within 1e-4 of what the lowered kernel gives on the interpreter, in place too. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import type { Group } from '../../compiler/lower/index.ts';
import { groupNodes, lowerGroup } from '../../compiler/lower/index.ts';
import * as ops from '../../compiler/ops/index.ts';
import { inPlaceCandidates } from '../../compiler/plan/in-place.ts';
import { webgpu } from '../../compiler/program/target.ts';
import { schedule } from '../../compiler/schedule/index.ts';
import { kernelOf } from '../loop/kernels.ts';
import { parameter, randomGraph } from '../lower/random-graph.ts';
import { dense } from '../lower/run.ts';
import { closeTo } from '../support/close.ts';
import type { Sharing } from '../support/gpu.ts';
import { describeGpu, runKernel } from '../support/gpu.ts';
import { generator } from '../support/samples.ts';

// Software adapters are slow.
vi.setConfig({ testTimeout: 300_000 });

/** Runs a lowered kernel on the interpreter, and scheduled on the GPU; all results must be close. */
async function compare(lowered: Kernel, n: number, sharing: Sharing = {}): Promise<void> {
  const random = generator(n);
  const inputs = lowered.inputs.map(({ dtype, shape }): Elements =>
    elementsFor(dtype, elementCount(shape, n), 'f32').map(() =>
      dtype === 'f32' ? 2 * random() - 1 : Math.floor(4 * random()),
    ),
  );
  const outputs = () =>
    lowered.outputs.map(({ dtype, shape }): Elements =>
      elementsFor(dtype, elementCount(shape, n), 'f32').fill(77),
    );
  const [expected, found] = [outputs(), outputs()];
  interpret(lowered, [...inputs, ...expected], { n, precision: 'f32' });
  await runKernel(schedule(lowered, webgpu), [...inputs, ...found], n, sharing);
  found.forEach((values, i) => closeTo(values, expected[i]!, 1e-4, 1 / 100));
}

/** Every way in which the plan may let a group write over what it reads. */
function sharings(group: Group): readonly Sharing[] {
  const { inputs, outputs } = lowerGroup(group, dense);
  return inPlaceCandidates(group).map(({ output, input }) => ({
    oneArena: true,
    shared: new Map([
      [inputs.length + outputs.findIndex((value) => value === output), inputs.indexOf(input)],
    ]),
  }));
}

/** Convolutions and their gradients: [height, width, channels, filters, kernel, stride, padding]. */
const geometries = [
  [9, 11, 3, 8, 3, 1, 'same'],
  [7, 7, 4, 12, 3, 1, 'valid'],
  [8, 8, 5, 6, 5, 1, 'same'],
  [9, 10, 2, 10, 3, 2, 'same'],
  [6, 6, 8, 16, 1, 1, 'valid'],
  [12, 12, 16, 32, 3, 1, 'same'],
  [9, 9, 6, 3, 3, 2, 'valid'],
] as const;

describeGpu('fused kernels', () => {
  test.each(geometries)(
    'convolution of %ix%ix%i, %i filters, %ix, stride %i, %s',
    async (h, w, ci, co, k, stride, padding) => {
      const [x, weights] = [parameter('x', 'N', h, w, ci), parameter('kernel', k, k, ci, co)];
      const attributes = { strides: [stride, stride], padding, groups: 1 };
      const type = ops.conv2d.infer([x.type, weights.type], attributes);
      if (!('shape' in type)) throw new Error('no such convolution');
      const dy = parameter('dy', ...type.shape);
      for (const n of [1, 3]) {
        await compare(kernelOf(ops.conv2d, [x, weights], attributes), n);
        await compare(kernelOf(ops.conv2dInputGradient, [dy, weights], { ...attributes, size: [h, w] }), n);
        await compare(kernelOf(ops.conv2dKernelGradient, [x, dy], { ...attributes, kernel_size: [k, k] }), n);
      }
    },
  );

  test('of random graphs, in place where that is allowed', async () => {
    const lists = fc.array(fc.nat(1000), { minLength: 20, maxLength: 60 });
    let [kernels, shared] = [0, 0];
    for (const choices of fc.sample(lists, 12)) {
      for (const group of groupNodes(randomGraph(choices).graph, webgpu)) {
        const { kernel } = lowerGroup(group, dense, webgpu.lanes);
        kernels++;
        await compare(kernel, 2);
        for (const sharing of sharings(group)) {
          shared++;
          await compare(kernel, 3, sharing);
        }
      }
    }
    expect(Math.min(kernels, shared)).toBeGreaterThan(5);
  });
});
