/** What the ops that look for numbers that are not finite have in common. */
import type { DefinitionBuilder, ReduceOptions, TensorReader } from '../../loop/builder.ts';
import type { Points } from '../../loop/definition.ts';

/** The definition's one reduction: whether all points are true. */
export function all(b: DefinitionBuilder, points: readonly Points[]): ReduceOptions {
  const [first = { axes: [], body: b.literal(1, 'bool'), where: [] }, ...more] = points;
  return { ...first, combine: 'and', init: 1, dtype: 'bool', more };
}

/** All elements of a tensor, each of them true where it is finite. */
export function finiteElements(b: DefinitionBuilder, x: TensorReader): Points {
  const axes = b.axesOf(x.shape);
  return { axes, body: b.unary('isfinite', x.at(axes)), where: [] };
}
