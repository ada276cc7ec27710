import { lowest } from '../../loop/arithmetic.ts';
import { ordered } from '../support/dtypes.ts';
import { extremumGradient } from '../support/extremum.ts';
import { reductionOp } from '../support/reduction.ts';

export const max = reductionOp({
  name: 'max',
  doc: 'The largest element over axes (Keras: max). Elements that share it share its gradient in equal parts.',
  dtypes: ordered,
  rules: (_, dtype) => ({ combine: 'max', init: lowest(dtype) }),
  gradient: extremumGradient,
});
