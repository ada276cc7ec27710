import { unaryOp } from '../support/elementwise.ts';
import { multiply } from '../binary/multiply.ts';
import { subtract } from '../binary/subtract.ts';

export const sigmoid = unaryOp({
  name: 'sigmoid',
  doc: 'Elementwise 1 / (1 + e^-x) (Keras: sigmoid).',
  element: (b, x) => {
    // e^-|x| cannot overflow: for x < 0 the equal form e^x / (1 + e^x) is taken.
    const e = b.let('e', b.exp(b.neg(b.abs(x))));
    const r = b.let('r', b.div(1, b.add(1, e)));
    return b.select(b.compare('>=', x, 0), r, b.mul(e, r));
  },
  gradient: (g, _x, y, dy) => {
    const slope = g.emit(multiply, { a: y, b: g.emit(subtract, { a: g.constant(1), b: y }) });
    return g.emit(multiply, { a: dy, b: slope });
  },
  samples: [
    { operands: { x: { shape: [2, 3] } } },
    { operands: { x: { shape: ['N', 5] } } },
    { operands: { x: { shape: [4], values: [-30, -2.5, 2.5, 30] } } },
  ],
});
