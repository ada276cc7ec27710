import { unaryOp } from '../support/elementwise.ts';
import { multiply } from '../binary/multiply.ts';

export const square = unaryOp({
  name: 'square',
  doc: 'Elementwise x * x.',
  element: (b, x) => b.mul(x, x),
  // Twice dy, not twice x: that is known before the gradient is, and would be kept until then.
  gradient: (g, x, _y, dy) => g.emit(multiply, { a: x, b: g.emit(multiply, { a: dy, b: g.constant(2) }) }),
  samples: [{ operands: { x: { shape: [2, 3] } } }, { operands: { x: { shape: ['N', 5] } } }],
});
