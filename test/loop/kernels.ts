/** Random small kernels as lowering makes them, and running them. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import type { TensorType } from '../../compiler/base/types.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Attributes, Parameter, Value } from '../../compiler/graph/ir.ts';
import type { Op } from '../../compiler/graph/op.ts';
import { isMismatch } from '../../compiler/graph/op.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import { printKernel } from '../../compiler/loop/print.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import { lowerGroup } from '../../compiler/lower/index.ts';
import * as ops from '../../compiler/ops/index.ts';
import { dense, graphOf, groupsOf } from '../lower/run.ts';
import { generator } from '../support/samples.ts';

const parameter = (
  name: string,
  shape: TensorType['shape'],
  dtype: TensorType['dtype'] = 'f32',
): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype, shape },
});

/** The kernel of one op, with an activation behind it where that is f32. */
export function kernelOf(op: Op, operands: readonly Value[], attributes: Attributes): Kernel {
  const g = new GraphBuilder();
  const node = g.node(op, operands, attributes);
  const y = node.type.dtype === 'f32' ? g.emit(ops.relu, { x: node }) : node;
  const [group] = groupsOf(graphOf(g.nodes, y));
  if (group === undefined) throw new Error('no group');
  return lowerGroup(group, dense).kernel;
}

const small = (max: number) => fc.integer({ min: 1, max });
const geometry = fc.record({
  batch: fc.constantFrom('N' as const, 1, 2),
  size: fc.tuple(small(7), small(7)),
  kernel: fc.tuple(small(3), small(3)),
  strides: fc.tuple(small(3), small(3)),
  channels: small(3),
  filters: small(6),
  padding: fc.oneof(fc.constantFrom('valid' as const, 'same' as const), fc.tuple(small(2), small(2))),
});

type Geometry = typeof geometry extends fc.Arbitrary<infer T> ? T : never;

/** A convolution, one of its gradients, or pooling and its gradient; undefined where nothing of that geometry exists. */
function windowKernel(
  kind: number,
  { batch, size, kernel, strides, channels, filters, padding }: Geometry,
): Kernel | undefined {
  const x = parameter('x', [batch, ...size, channels]);
  const w = parameter('w', [...kernel, channels, filters]);
  const pooling = { pool_size: kernel, strides, padding };
  const [op, operands, attributes]: [Op, readonly Parameter[], Attributes] =
    kind < 3 ? [ops.conv2d, [x, w], { strides, padding, groups: 1 }] : [ops.maxPool2d, [x], pooling];
  const type = op.infer(
    operands.map((operand) => operand.type),
    attributes,
  );
  if (isMismatch(type)) return undefined;
  const dy = parameter('dy', type.shape);
  switch (kind) {
    case 1:
      return kernelOf(ops.conv2dInputGradient, [dy, w], { ...attributes, size });
    case 2:
      return kernelOf(ops.conv2dKernelGradient, [x, dy], { ...attributes, kernel_size: kernel });
    case 4:
      return kernelOf(ops.maxPool2dGradient, [dy, parameter('argmax', type.shape, 'i32')], {
        ...attributes,
        size,
      });
    case 5:
      return kernelOf(ops.averagePool2d, [x], pooling);
    default:
      return kernelOf(op, operands, attributes);
  }
}

export const windowKernels: fc.Arbitrary<Kernel> = fc
  .tuple(fc.integer({ min: 0, max: 5 }), geometry)
  .map(([kind, g]) => windowKernel(kind, g))
  .filter((kernel) => kernel !== undefined);

/** What a kernel writes, as bytes; operands are drawn from the seed. */
export function bitsOf(kernel: Kernel, n: number, seed = 1): string {
  const random = generator(seed);
  const inputs = kernel.inputs.map(({ dtype, shape }) =>
    elementsFor(dtype, elementCount(shape, n), 'f32').map(() =>
      dtype === 'f32' ? random() * 2 - 1 : Math.floor(random() * 4),
    ),
  );
  const outputs = kernel.outputs.map(({ dtype, shape }) =>
    elementsFor(dtype, elementCount(shape, n), 'f32').fill(77),
  );
  interpret(kernel, [...inputs, ...outputs], { n, precision: 'f32' });
  return outputs.map((output) => Buffer.from(output.buffer).toString('hex')).join(' ');
}

/** `after` is well formed and writes the same bits as `before`. */
export function expectSame(before: Kernel, after: Kernel, n = 2): void {
  verifyKernel(after);
  expect(bitsOf(after, n), printKernel(after)).toBe(bitsOf(before, n));
}
