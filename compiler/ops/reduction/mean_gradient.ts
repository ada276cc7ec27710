import { defineOp, tensor } from '../../graph/op.ts';
import { countOf } from '../support/count.ts';
import { broadcastTarget, typed } from '../support/shapes.ts';

export const meanGradient = defineOp({
  name: 'mean_gradient',
  doc: 'The gradient of mean: dy spread over [N?, ...shape] and divided by how many elements each of its own is spread over.',
  operands: { dy: tensor('the gradient of the mean, with reduced axes of extent 1') },
  attributes: {
    shape: { type: 'ints', doc: 'the shape of what the mean was taken of, without N', minimum: 1 },
    batch: { type: 'bool', doc: 'whether N stands before it', default: false },
  },
  traits: ['elementwise'],
  infer: ({ dy }, { shape, batch }) => typed('f32', broadcastTarget(dy.shape, shape, batch)),
  gradient: 'none',
  lower: (b, { dy }, _, type) => {
    const missing = type.shape.length - dy.shape.length;
    const count = countOf(
      b,
      type.shape.filter((extent, i) => i < missing || dy.shape[i - missing] !== extent),
    );
    return b.map(type.shape, (i) => b.div(dy.broadcast(i), count));
  },
  samples: [
    { operands: { dy: { shape: ['N', 1] } }, attributes: { shape: [3], batch: true } },
    { operands: { dy: { shape: [1, 3] } }, attributes: { shape: [2, 3], batch: false } },
    { operands: { dy: { shape: [] } }, attributes: { shape: [2], batch: true } },
  ],
});
