import { unaryOp } from '../support/elementwise.ts';
import { multiply } from '../binary/multiply.ts';
import { sigmoid } from './sigmoid.ts';

export const softplus = unaryOp({
  name: 'softplus',
  doc: 'Elementwise log(1 + e^x), computed as max(x, 0) + log(1 + e^-|x|), which cannot overflow (Keras: softplus).',
  element: (b, x) => b.add(b.max(x, 0), b.log(b.add(1, b.exp(b.neg(b.abs(x)))))),
  gradient: (g, x, _y, dy) => g.emit(multiply, { a: dy, b: g.emit(sigmoid, { x }) }),
  samples: [
    { operands: { x: { shape: [2, 3] } } },
    { operands: { x: { shape: ['N', 5] } } },
    { operands: { x: { shape: [4], values: [-30, -2.5, 2.5, 90] } } },
  ],
});
