import { unaryOp } from '../support/elementwise.ts';

export const round = unaryOp({
  name: 'round',
  doc: 'Elementwise the nearest whole number, halves to the even one; its gradient is 0.',
  traits: ['idempotent'],
  element: (b, x) => b.unary('round', x),
  gradient: () => undefined,
  samples: [
    { operands: { x: { shape: [2, 3], range: [-3, 3] } } },
    { operands: { x: { shape: ['N', 5], range: [-3, 3] } } },
    { operands: { x: { shape: [4], values: [-2.7, -0.2, 0.2, 2.7] } } },
  ],
});
