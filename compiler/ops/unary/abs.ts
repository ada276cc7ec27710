import { unaryOp } from '../support/elementwise.ts';
import { multiply } from '../binary/multiply.ts';
import { sign } from './sign.ts';
import { signed } from '../support/dtypes.ts';

export const abs = unaryOp({
  name: 'abs',
  doc: 'Elementwise |x|; its gradient at 0 is 0.',
  dtypes: signed,
  traits: ['idempotent'],
  element: (b, x) => b.abs(x),
  gradient: (g, x, _y, dy) => g.emit(multiply, { a: dy, b: g.emit(sign, { x }) }),
  samples: [{ operands: { x: { shape: [2, 3] } } }, { operands: { x: { shape: ['N', 5] } } }],
});
