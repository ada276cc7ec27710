import { unaryOp } from '../support/elementwise.ts';
import { divide } from '../binary/divide.ts';
import { multiply } from '../binary/multiply.ts';

export const sqrt = unaryOp({
  name: 'sqrt',
  doc: 'Elementwise square root; NaN below 0.',
  element: (b, x) => b.sqrt(x),
  gradient: (g, _x, y, dy) => g.emit(divide, { a: g.emit(multiply, { a: dy, b: g.constant(0.5) }), b: y }),
  samples: [
    { operands: { x: { shape: [2, 3], range: [0.2, 3] } } },
    { operands: { x: { shape: ['N', 5], range: [0.2, 3] } } },
  ],
});
