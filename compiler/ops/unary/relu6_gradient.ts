import { defineOp, tensor } from '../../graph/op.ts';
import { broadcastTypes } from '../support/shapes.ts';

export const relu6Gradient = defineOp({
  name: 'relu6_gradient',
  doc: 'The gradient of relu6 from its result: dy where 0 < y < 6, else 0. It needs y only, so x need not be kept.',
  operands: { y: tensor('the result of relu6'), dy: tensor('the gradient of y') },
  attributes: {},
  traits: ['elementwise'],
  infer: ({ y, dy }) => broadcastTypes(y, dy),
  gradient: 'none',
  lower: (b, { y, dy }, _, type) =>
    b.map(type.shape, (i) => {
      const value = y.broadcast(i);
      const below = b.select(b.compare('<', value, 6), dy.broadcast(i), 0);
      return b.select(b.compare('>', value, 0), below, 0);
    }),
  samples: [{ operands: { y: { shape: ['N', 5], range: [-1, 8] }, dy: { shape: ['N', 5] } } }],
});
