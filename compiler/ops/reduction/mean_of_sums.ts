import { defineOp, tensor } from '../../graph/op.ts';
import { countOf } from '../support/count.ts';
import { rankMismatch } from '../support/shapes.ts';

export const meanOfSums = defineOp({
  name: 'mean_of_sums',
  doc: 'The mean over the first axis and more, of sums that were made over the others. Chosen by the pass divide.',
  operands: { x: tensor('the sums: [N, ...]') },
  attributes: {
    count: { type: 'int', doc: 'how many elements each of them is the sum of', minimum: 1 },
    keepdims: { type: 'bool', doc: 'whether the first axis stays, with an extent of 1', default: false },
  },
  traits: ['reduction'],
  infer: ({ x }, { keepdims }) => {
    const [first, ...rest] = x.shape;
    if (first === undefined) return rankMismatch('the operand', '[N, ...]', x);
    return { dtype: 'f32', shape: keepdims ? [1, ...rest] : rest };
  },
  gradient: 'none',
  lower: (b, { x }, { count, keepdims }, { shape }) => {
    const extent = x.shape[0] ?? 1;
    const first = b.axis('r0', extent);
    return b.reduce(
      shape,
      (result) => ({
        axes: [first],
        combine: 'add',
        init: 0,
        body: x.at([first, ...result.slice(keepdims ? 1 : 0)]),
      }),
      (total) => b.div(total, countOf(b, [extent, count])),
    );
  },
  samples: [
    { operands: { x: { shape: ['N', 3] } }, attributes: { count: 4 } },
    { operands: { x: { shape: ['N', 1, 2] } }, attributes: { count: 5, keepdims: true } },
    { operands: { x: { shape: [3] } }, attributes: { count: 1 } },
  ],
});
