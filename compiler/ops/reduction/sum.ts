import type { GraphBuilder } from '../../graph/builder.ts';
import type { Value } from '../../graph/ir.ts';
import { numbers } from '../support/dtypes.ts';
import { reshaped, spread } from '../support/gradients.ts';
import { reducedShape, reductionOp } from '../support/reduction.ts';
import { product, withoutBatch } from '../support/shapes.ts';

export const sum = reductionOp({
  name: 'sum',
  doc: 'The sum over axes (Keras: sum).',
  dtypes: numbers,
  rules: () => ({ combine: 'add', init: 0 }),
  gradient: (g, x, axes, _y, dy) =>
    spread(g, reshaped(g, dy, reducedShape(x.type.shape, axes, true)), x.type.shape),
  bySample: (g, x, axes, keepdims) => {
    const parts = sumsOfSamples(g, x, axes, keepdims);
    return parts && g.emit(sum, { x: parts.sums }, { axes: [0], keepdims });
  },
});

/** So many elements of a sample are one chunk of the sum (see `lower/order.ts`): more of them have another order. */
const chunk = 4096;
/** A sum of so few elements of each sample takes no longer than starting it. */
const fewest = 64;
/** Threads can share the results where there are more. */
const mostResults = 32;

/** The sums of each sample, where adding these up is the same order as adding all up, and pays. */
export function sumsOfSamples(
  g: GraphBuilder,
  x: Value,
  axes: readonly number[],
  keepdims: boolean,
): { readonly sums: Value; readonly count: number } | undefined {
  const { shape } = x.type;
  const within = axes.filter((axis) => axis > 0);
  const count = product(within.map((axis) => Number(shape[axis])));
  const results = product(withoutBatch(shape)) / count;
  const pays = count >= fewest && count <= chunk && results <= mostResults;
  if (shape[0] !== 'N' || within.length === axes.length || !pays) return undefined;
  return { sums: g.emit(sum, { x }, { axes: within, keepdims }), count };
}
