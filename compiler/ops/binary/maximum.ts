import { binaryOp } from '../support/elementwise.ts';
import { greaterEqual } from './greater_equal.ts';
import { where } from './where.ts';
import { numbers } from '../support/dtypes.ts';
import { unbroadcast } from '../support/gradients.ts';

export const maximum = binaryOp({
  name: 'maximum',
  doc: 'Elementwise the larger of a and b; where they are equal the gradient goes to a.',
  dtypes: numbers,
  traits: ['commutative'],
  element: (b, x, y) => b.max(x, y),
  gradient: (g, { a, b }, _y, dy) => {
    const first = g.emit(greaterEqual, { a, b });
    const da = g.emit(where, { condition: first, a: dy, b: g.constant(0) });
    const db = g.emit(where, { condition: first, a: g.constant(0), b: dy });
    return { a: unbroadcast(g, da, a.type), b: unbroadcast(g, db, b.type) };
  },
  samples: [
    { operands: { a: { shape: [2, 3] }, b: { shape: [2, 3] } } },
    { operands: { a: { shape: ['N', 2, 3] }, b: { shape: [3] } } },
    { operands: { a: { shape: [2, 1, 3] }, b: { shape: [4, 1] } } },
    { operands: { a: { shape: [] }, b: { shape: ['N', 2] } } },
    { operands: { a: { shape: ['N', 1] }, b: { shape: ['N', 3] } } },
    { operands: { a: { shape: ['N'], dtype: 'i32' }, b: { shape: ['N'], dtype: 'i32' } } },
  ],
});
