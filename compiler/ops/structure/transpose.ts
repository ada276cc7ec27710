import { invariant } from '../../base/invariant.ts';
import type { Value } from '../../graph/ir.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { formatShape } from '../support/shapes.ts';

export const transpose = defineOp({
  name: 'transpose',
  doc: 'The axes in another order: axis i of the result is axis permutation[i] of x (Keras: transpose).',
  operands: { x: tensor('any shape', 'any') },
  attributes: {
    permutation: { type: 'ints', doc: 'every axis of x once; the batch stays first', minimum: 0 },
  },
  traits: ['gather', 'rearrangement'],
  infer: ({ x }, { permutation }) => {
    const sorted = [...permutation].sort((a, b) => a - b);
    if (permutation.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      return mismatch(
        'E0412',
        `${formatShape(permutation)} does not name every axis of ${formatShape(x.shape)} once`,
        `the axes are ${x.shape.map((_, i) => i).join(', ')}`,
      );
    }
    if (x.shape[0] === 'N' && permutation[0] !== 0) {
      return mismatch(
        'E0411',
        'cannot move the batch: N stays the first axis',
        'begin the permutation with 0',
      );
    }
    return { dtype: x.dtype, shape: permutation.flatMap((axis) => x.shape[axis] ?? []) };
  },
  gradient: (g, _, { permutation }, _y, dy): { x: Value } => ({
    x: g.emit(transpose, { x: dy }, { permutation: inverse(permutation) }),
  }),
  lower: (b, { x }, { permutation }, type) =>
    b.map(
      type.shape,
      (axes) =>
        x.at(
          inverse(permutation).map((i) => {
            const axis = axes[i];
            invariant(axis !== undefined, 'a permutation of the axes');
            return axis;
          }),
        ),
      type.dtype,
    ),
  samples: [
    { operands: { x: { shape: [2, 3] } }, attributes: { permutation: [1, 0] } },
    { operands: { x: { shape: ['N', 2, 3, 4] } }, attributes: { permutation: [0, 3, 1, 2] } },
    { operands: { x: { shape: [2, 3, 2], dtype: 'u8' } }, attributes: { permutation: [2, 0, 1] } },
  ],
});

const inverse = (permutation: readonly number[]): number[] =>
  permutation.map((_, i) => permutation.indexOf(i));
