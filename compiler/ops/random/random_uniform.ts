import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import type { Affine } from '../../loop/ir.ts';
import { denseStrides } from '../../loop/builder.ts';
import { affine } from '../../loop/affine.ts';
import { formatShape } from '../support/shapes.ts';
import { fnv1a32, threefryExpression } from '../support/threefry.ts';

export const randomUniform = defineOp({
  name: 'random_uniform',
  doc:
    'Numbers drawn uniformly from low … high (high not included): the upper 24 bits of Threefry-2x32-20 with the key ' +
    '(seed, FNV-1a of stream) and the counter (step, row-major place in the result). Equal on all targets.',
  operands: {
    seed: tensor('the seed of the run', ['u32']),
    step: tensor('the running step', ['u32']),
  },
  attributes: {
    stream: { type: 'string', doc: 'which random numbers: the path of the layer that draws them' },
    shape: { type: 'ints', doc: 'the shape of the result, without N', minimum: 1 },
    batch: { type: 'bool', doc: 'whether N stands before it', default: false },
    low: { type: 'float', doc: 'the least number', default: 0 },
    high: { type: 'float', doc: 'what all numbers are below', default: 1 },
  },
  traits: ['gather'],
  infer: ({ seed, step }, { shape, batch }) => {
    if (seed.shape.length > 0 || step.shape.length > 0) {
      return mismatch(
        'E0404',
        `seed and step must be single numbers, got ${formatShape(seed.shape)} and ${formatShape(step.shape)}`,
      );
    }
    return { dtype: 'f32', shape: batch ? ['N', ...shape] : shape };
  },
  gradient: () => ({}),
  lower: (b, { seed, step }, { stream, low, high }, type) => {
    const steps = denseStrides(type.shape);
    return b.map(type.shape, (axes) => {
      const place = axes.reduce<Affine>(
        (sum, axis, i) => b.plus(sum, b.times(axis, steps[i] ?? 1)),
        affine(0),
      );
      const [word] = threefryExpression(
        b,
        [b.let('k0', seed.at([])), b.literal(fnv1a32(stream), 'u32')],
        [step.at([]), b.cast(b.value(place), 'u32')],
      );
      const unit = b.mul(b.cast(b.binary('shr', word, 8), 'f32'), 2 ** -24);
      if (low === 0 && high === 1) return unit;
      return b.add(b.mul(unit, Math.fround(high - low)), Math.fround(low));
    });
  },
  samples: [
    {
      operands: { seed: { shape: [], dtype: 'u32' }, step: { shape: [], dtype: 'u32' } },
      attributes: { stream: 'dropout', shape: [2, 3], batch: true },
    },
    {
      operands: {
        seed: { shape: [], dtype: 'u32', values: [4294967295] },
        step: { shape: [], dtype: 'u32' },
      },
      attributes: { stream: 'augment.é', shape: [5], low: -0.1, high: 0.3 },
    },
  ],
});
