import { unaryOp } from '../support/elementwise.ts';
import { multiply } from '../binary/multiply.ts';
import { subtract } from '../binary/subtract.ts';
import { square } from './square.ts';

export const tanh = unaryOp({
  name: 'tanh',
  doc: 'Elementwise hyperbolic tangent (Keras: tanh).',
  element: (b, x) => b.unary('tanh', x),
  gradient: (g, _x, y, dy) => {
    const slope = g.emit(subtract, { a: g.constant(1), b: g.emit(square, { x: y }) });
    return g.emit(multiply, { a: dy, b: slope });
  },
  samples: [{ operands: { x: { shape: [2, 3] } } }, { operands: { x: { shape: ['N', 5] } } }],
});
