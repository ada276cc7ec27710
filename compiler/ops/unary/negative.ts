import type { Value } from '../../graph/ir.ts';
import { unaryOp } from '../support/elementwise.ts';
import { signed } from '../support/dtypes.ts';

export const negative = unaryOp({
  name: 'negative',
  doc: 'Elementwise -x.',
  dtypes: signed,
  element: (b, x) => b.neg(x),
  gradient: (g, _x, _y, dy): Value => g.emit(negative, { x: dy }),
  samples: [{ operands: { x: { shape: [2, 3] } } }, { operands: { x: { shape: ['N', 5] } } }],
});
