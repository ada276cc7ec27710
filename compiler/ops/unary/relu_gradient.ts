import { defineOp, tensor } from '../../graph/op.ts';
import { broadcastTypes } from '../support/shapes.ts';

export const reluGradient = defineOp({
  name: 'relu_gradient',
  doc: 'The gradient of relu from its result: dy where y > 0, else 0. It needs y only, so x need not be kept.',
  operands: { y: tensor('the result of relu'), dy: tensor('the gradient of y') },
  attributes: {},
  traits: ['elementwise'],
  infer: ({ y, dy }) => broadcastTypes(y, dy),
  gradient: 'none',
  lower: (b, { y, dy }, _, type) =>
    b.map(type.shape, (i) => b.select(b.compare('>', y.broadcast(i), 0), dy.broadcast(i), 0)),
  samples: [{ operands: { y: { shape: ['N', 5] }, dy: { shape: ['N', 5] } } }],
});
