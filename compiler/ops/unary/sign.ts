import { unaryOp } from '../support/elementwise.ts';
import { signed } from '../support/dtypes.ts';

export const sign = unaryOp({
  name: 'sign',
  doc: 'Elementwise -1, 0 or 1; its gradient is 0.',
  dtypes: signed,
  traits: ['idempotent'],
  element: (b, x) => b.unary('sign', x),
  gradient: () => undefined,
  samples: [{ operands: { x: { shape: [2, 3] } } }, { operands: { x: { shape: ['N', 5] } } }],
});
