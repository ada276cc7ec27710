import type { Value } from '../../graph/ir.ts';
import { defineOp, tensor } from '../../graph/op.ts';
import { unbroadcast } from '../support/gradients.ts';
import { broadcastShapes, broadcastTypes, failed, typed } from '../support/shapes.ts';

export const where = defineOp({
  name: 'where',
  doc: 'Elementwise a where condition holds, else b. All three broadcast.',
  operands: {
    condition: tensor('any shape', ['bool']),
    a: tensor('a shape that broadcasts with condition', 'any'),
    b: tensor('a shape that broadcasts with both', 'any'),
  },
  attributes: {},
  traits: ['elementwise'],
  infer: ({ condition, a, b }) => {
    const both = broadcastTypes(a, b);
    return failed(both) ? both : typed(both.dtype, broadcastShapes(condition.shape, both.shape));
  },
  gradient: (g, { condition, a, b }, _, _y, dy): { a: Value; b: Value } => ({
    a: unbroadcast(g, g.emit(where, { condition, a: dy, b: g.constant(0) }), a.type),
    b: unbroadcast(g, g.emit(where, { condition, a: g.constant(0), b: dy }), b.type),
  }),
  lower: (builder, { condition, a, b }, _, type) =>
    builder.map(
      type.shape,
      (i) => builder.select(condition.broadcast(i), a.broadcast(i), b.broadcast(i)),
      type.dtype,
    ),
  samples: [
    {
      operands: {
        condition: { shape: ['N', 3], dtype: 'bool' },
        a: { shape: ['N', 3] },
        b: { shape: ['N', 3] },
      },
    },
    { operands: { condition: { shape: ['N', 1], dtype: 'bool' }, a: { shape: [2] }, b: { shape: [] } } },
    { operands: { condition: { shape: [4], dtype: 'bool' }, a: { shape: [2, 4] }, b: { shape: [2, 1] } } },
    {
      operands: {
        condition: { shape: ['N'], dtype: 'bool' },
        a: { shape: ['N'], dtype: 'i32' },
        b: { shape: [], dtype: 'i32' },
      },
    },
  ],
});
