import { binaryOp } from '../support/elementwise.ts';
import { negative } from '../unary/negative.ts';
import { numbers } from '../support/dtypes.ts';
import { broadcasting } from '../support/samples.ts';
import { unbroadcast } from '../support/gradients.ts';

export const subtract = binaryOp({
  name: 'subtract',
  doc: 'Elementwise a - b.',
  dtypes: numbers,
  element: (b, x, y) => b.sub(x, y),
  // The sum over what was repeated comes first: that of dy is often there already, and the negation is then short.
  gradient: (g, { b }, _y, dy) => ({ a: dy, b: g.emit(negative, { x: unbroadcast(g, dy, b.type) }) }),
  samples: broadcasting,
});
