import { binaryOp } from '../support/elementwise.ts';
import { numbers } from '../support/dtypes.ts';
import { broadcasting } from '../support/samples.ts';

export const add = binaryOp({
  name: 'add',
  doc: 'Elementwise a + b.',
  dtypes: numbers,
  traits: ['commutative'],
  element: (b, x, y) => b.add(x, y),
  gradient: (_g, _operands, _y, dy) => ({ a: dy, b: dy }),
  samples: broadcasting,
});
