import { binaryOp } from '../support/elementwise.ts';
import { greaterEqual } from './greater_equal.ts';
import { where } from './where.ts';
import { numbers } from '../support/dtypes.ts';
import { broadcasting } from '../support/samples.ts';

export const maximum = binaryOp({
  name: 'maximum',
  doc: 'Elementwise the larger of a and b; where they are equal the gradient goes to a.',
  dtypes: numbers,
  traits: ['commutative'],
  element: (b, x, y) => b.max(x, y),
  gradient: (g, { a, b }, _y, dy) => {
    const first = g.emit(greaterEqual, { a, b });
    return {
      a: g.emit(where, { condition: first, a: dy, b: g.constant(0) }),
      b: g.emit(where, { condition: first, a: g.constant(0), b: dy }),
    };
  },
  samples: broadcasting,
});
