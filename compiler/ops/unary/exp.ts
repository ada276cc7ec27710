import { unaryOp } from '../support/elementwise.ts';
import { multiply } from '../binary/multiply.ts';

export const exp = unaryOp({
  name: 'exp',
  doc: 'Elementwise e^x.',
  element: (b, x) => b.exp(x),
  gradient: (g, _x, y, dy) => g.emit(multiply, { a: dy, b: y }),
  samples: [{ operands: { x: { shape: [2, 3] } } }, { operands: { x: { shape: ['N', 5] } } }],
});
