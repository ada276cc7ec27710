import { defineOp, tensor } from '../../graph/op.ts';
import { leakyReluGradient } from './leaky_relu_gradient.ts';

export const leakyRelu = defineOp({
  name: 'leaky_relu',
  doc: 'Elementwise x where x > 0, else negative_slope * x (Keras: leaky_relu); its gradient at 0 is negative_slope.',
  operands: { x: tensor('any shape') },
  attributes: {
    negative_slope: { type: 'float', doc: 'the slope below 0; not negative', default: 0.2, minimum: 0 },
  },
  traits: ['elementwise'],
  infer: ({ x }) => x,
  gradient: (g, _, attributes, y, dy) => ({ x: g.emit(leakyReluGradient, { y, dy }, attributes) }),
  lower: (b, { x }, { negative_slope }, type) =>
    b.map(type.shape, (i) => b.select(b.compare('>', x.at(i), 0), x.at(i), b.mul(x.at(i), negative_slope))),
  samples: [
    { operands: { x: { shape: ['N', 5] } } },
    { operands: { x: { shape: [2, 3] } }, attributes: { negative_slope: 0.1 } },
    { operands: { x: { shape: [6] } }, attributes: { negative_slope: 0 } },
  ],
});
