import { binaryOp } from '../support/elementwise.ts';
import { numbers } from '../support/dtypes.ts';
import { broadcasting } from '../support/samples.ts';

export const multiply = binaryOp({
  name: 'multiply',
  doc: 'Elementwise a * b.',
  dtypes: numbers,
  traits: ['commutative'],
  element: (b, x, y) => b.mul(x, y),
  gradient: (g, { a, b }, _y, dy) => ({
    a: g.emit(multiply, { a: dy, b }),
    b: g.emit(multiply, { a: dy, b: a }),
  }),
  samples: broadcasting,
});
