import { numbers } from '../support/dtypes.ts';
import { reshaped, spread } from '../support/gradients.ts';
import { reducedShape, reductionOp } from '../support/reduction.ts';

export const sum = reductionOp({
  name: 'sum',
  doc: 'The sum over axes (Keras: sum).',
  dtypes: numbers,
  rules: () => ({ combine: 'add', init: 0 }),
  gradient: (g, x, axes, _y, dy) =>
    spread(g, reshaped(g, dy, reducedShape(x.type.shape, axes, true)), x.type.shape),
});
