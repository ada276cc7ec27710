import { unaryOp } from '../support/elementwise.ts';
import { multiply } from '../binary/multiply.ts';

export const square = unaryOp({
  name: 'square',
  doc: 'Elementwise x * x.',
  element: (b, x) => b.mul(x, x),
  gradient: (g, x, _y, dy) => g.emit(multiply, { a: dy, b: g.emit(multiply, { a: x, b: g.constant(2) }) }),
  samples: [{ operands: { x: { shape: [2, 3] } } }, { operands: { x: { shape: ['N', 5] } } }],
});
