import { bool } from '../support/dtypes.ts';
import { predicateOp } from '../support/elementwise.ts';

export const logicalOr = predicateOp({
  name: 'logical_or',
  doc: 'Elementwise a or b.',
  dtypes: bool,
  traits: ['commutative'],
  element: (b, x, y) => b.select(x, 1, y),
  samples: [
    { operands: { a: { shape: ['N', 3], dtype: 'bool' }, b: { shape: [3], dtype: 'bool' } } },
    { operands: { a: { shape: [8], dtype: 'bool' }, b: { shape: [8], dtype: 'bool' } } },
  ],
});
