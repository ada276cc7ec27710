import { unaryOp } from '../support/elementwise.ts';
import { divide } from '../binary/divide.ts';

export const log = unaryOp({
  name: 'log',
  doc: 'Elementwise natural logarithm; -infinity at 0, NaN below.',
  element: (b, x) => b.log(x),
  gradient: (g, x, _y, dy) => g.emit(divide, { a: dy, b: x }),
  samples: [
    { operands: { x: { shape: [2, 3], range: [0.2, 3] } } },
    { operands: { x: { shape: ['N', 5], range: [0.2, 3] } } },
  ],
});
