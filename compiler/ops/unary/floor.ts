import { unaryOp } from '../support/elementwise.ts';

export const floor = unaryOp({
  name: 'floor',
  doc: 'Elementwise the largest whole number <= x; its gradient is 0.',
  traits: ['idempotent'],
  element: (b, x) => b.unary('floor', x),
  gradient: () => undefined,
  samples: [
    { operands: { x: { shape: [2, 3], range: [-3, 3] } } },
    { operands: { x: { shape: ['N', 5], range: [-3, 3] } } },
    { operands: { x: { shape: [4], values: [-2.7, -0.2, 0.2, 2.7] } } },
  ],
});
