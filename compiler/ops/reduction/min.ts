import { highest } from '../../loop/arithmetic.ts';
import { ordered } from '../support/dtypes.ts';
import { extremumGradient } from '../support/extremum.ts';
import { reductionOp } from '../support/reduction.ts';

export const min = reductionOp({
  name: 'min',
  doc: 'The smallest element over axes (Keras: min). Elements that share it share its gradient in equal parts.',
  dtypes: ordered,
  rules: (_, dtype) => ({ combine: 'min', init: highest(dtype) }),
  gradient: extremumGradient,
});
