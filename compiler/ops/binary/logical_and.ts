import { bool } from '../support/dtypes.ts';
import { predicateOp } from '../support/elementwise.ts';

export const logicalAnd = predicateOp({
  name: 'logical_and',
  doc: 'Elementwise a and b.',
  dtypes: bool,
  traits: ['commutative'],
  element: (b, x, y) => b.select(x, y, 0),
  samples: [
    { operands: { a: { shape: ['N', 3], dtype: 'bool' }, b: { shape: [3], dtype: 'bool' } } },
    { operands: { a: { shape: [8], dtype: 'bool' }, b: { shape: [8], dtype: 'bool' } } },
  ],
});
