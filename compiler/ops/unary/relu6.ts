import { unaryOp } from '../support/elementwise.ts';
import { relu6Gradient } from './relu6_gradient.ts';

export const relu6 = unaryOp({
  name: 'relu6',
  doc: 'Elementwise min(max(x, 0), 6) (Keras: relu6); its gradient at 0 and at 6 is 0.',
  traits: ['idempotent'],
  element: (b, x) => b.min(b.max(x, 0), 6),
  gradient: (g, _x, y, dy) => g.emit(relu6Gradient, { y, dy }),
  samples: [
    { operands: { x: { shape: [2, 3] } } },
    { operands: { x: { shape: ['N', 5], range: [-10, 10] } } },
  ],
});
