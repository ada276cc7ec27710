import { comparable } from '../support/dtypes.ts';
import { predicateOp } from '../support/elementwise.ts';

export const equal = predicateOp({
  name: 'equal',
  doc: 'Elementwise a == b, as bool; false where a or b is NaN.',
  dtypes: comparable,
  traits: ['commutative'],
  element: (b, x, y) => b.compare('==', x, y),
  samples: [
    { operands: { a: { shape: ['N', 3] }, b: { shape: [3] } } },
    { operands: { a: { shape: ['N'], dtype: 'i32' }, b: { shape: ['N'], dtype: 'i32' } } },
    { operands: { a: { shape: [2, 3], dtype: 'u8' }, b: { shape: [], dtype: 'u8' } } },
    { operands: { a: { shape: [4], dtype: 'bool' }, b: { shape: [4], dtype: 'bool' } } },
  ],
});
