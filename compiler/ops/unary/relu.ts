import { unaryOp } from '../support/elementwise.ts';
import { reluGradient } from './relu_gradient.ts';

export const relu = unaryOp({
  name: 'relu',
  doc: 'Elementwise max(x, 0) (Keras: relu); its gradient at 0 is 0.',
  traits: ['idempotent'],
  element: (b, x) => b.max(x, 0),
  gradient: (g, _x, y, dy) => g.emit(reluGradient, { y, dy }),
  samples: [{ operands: { x: { shape: [2, 3] } } }, { operands: { x: { shape: ['N', 5] } } }],
});
