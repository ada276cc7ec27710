import { unaryOp } from '../support/elementwise.ts';
import { bool } from '../support/dtypes.ts';

export const logicalNot = unaryOp({
  name: 'logical_not',
  doc: 'Elementwise not.',
  dtypes: bool,
  element: (b, x) => b.unary('not', x),
  gradient: () => undefined,
  samples: [{ operands: { x: { shape: ['N', 3], dtype: 'bool' } } }],
});
