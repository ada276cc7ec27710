import { binaryOp } from '../support/elementwise.ts';
import { multiply } from './multiply.ts';
import { negative } from '../unary/negative.ts';

export const divide = binaryOp({
  name: 'divide',
  doc: 'Elementwise a / b.',
  element: (b, x, y) => b.div(x, y),
  gradient: (g, { b }, y, dy) => {
    const da = g.emit(divide, { a: dy, b });
    return { a: da, b: g.emit(negative, { x: g.emit(multiply, { a: da, b: y }) }) };
  },
  samples: [
    { operands: { a: { shape: [2, 3] }, b: { shape: [2, 3], range: [0.5, 2] } } },
    { operands: { a: { shape: ['N', 2, 3] }, b: { shape: [3], range: [0.5, 2] } } },
    { operands: { a: { shape: [2, 1, 3] }, b: { shape: [4, 1], range: [0.5, 2] } } },
    { operands: { a: { shape: [] }, b: { shape: ['N', 2], range: [0.5, 2] } } },
    { operands: { a: { shape: ['N', 1] }, b: { shape: ['N', 3], range: [0.5, 2] } } },
  ],
});
