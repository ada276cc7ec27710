import { binaryOp } from '../support/elementwise.ts';
import { numbers } from '../support/dtypes.ts';
import { unbroadcast } from '../support/gradients.ts';

export const add = binaryOp({
  name: 'add',
  doc: 'Elementwise a + b.',
  dtypes: numbers,
  traits: ['commutative'],
  element: (b, x, y) => b.add(x, y),
  gradient: (g, { a, b }, _y, dy) => ({
    a: unbroadcast(g, dy, a.type),
    b: unbroadcast(g, dy, b.type),
  }),
  samples: [
    { operands: { a: { shape: [2, 3] }, b: { shape: [2, 3] } } },
    { operands: { a: { shape: ['N', 2, 3] }, b: { shape: [3] } } },
    { operands: { a: { shape: [2, 1, 3] }, b: { shape: [4, 1] } } },
    { operands: { a: { shape: [] }, b: { shape: ['N', 2] } } },
    { operands: { a: { shape: ['N', 1] }, b: { shape: ['N', 3] } } },
    { operands: { a: { shape: ['N'], dtype: 'i32' }, b: { shape: ['N'], dtype: 'i32' } } },
  ],
});
