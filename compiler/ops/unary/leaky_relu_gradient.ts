import { defineOp, tensor } from '../../graph/op.ts';
import { broadcastTypes } from '../support/shapes.ts';

export const leakyReluGradient = defineOp({
  name: 'leaky_relu_gradient',
  doc: 'The gradient of leaky_relu from its result: dy where y > 0, else negative_slope * dy.',
  operands: { y: tensor('the result of leaky_relu'), dy: tensor('the gradient of y') },
  attributes: {
    negative_slope: { type: 'float', doc: 'the slope below 0; not negative', default: 0.2, minimum: 0 },
  },
  traits: ['elementwise'],
  infer: ({ y, dy }) => broadcastTypes(y, dy),
  gradient: 'none',
  lower: (b, { y, dy }, { negative_slope }, type) =>
    b.map(type.shape, (i) => {
      const d = dy.broadcast(i);
      return b.select(b.compare('>', y.broadcast(i), 0), d, b.mul(d, negative_slope));
    }),
  samples: [
    { operands: { y: { shape: ['N', 5] }, dy: { shape: ['N', 5] } } },
    { operands: { y: { shape: [2, 3] }, dy: { shape: [2, 3] } }, attributes: { negative_slope: 0.1 } },
  ],
});
