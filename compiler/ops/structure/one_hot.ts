import { invariant } from '../../base/invariant.ts';
import { defineOp, tensor } from '../../graph/op.ts';

export const oneHot = defineOp({
  name: 'one_hot',
  doc: 'For each index a row of depth numbers, 1 at that place and 0 elsewhere; all 0 for an index outside (Keras: one_hot).',
  operands: { x: tensor('indices', ['i32']) },
  attributes: { depth: { type: 'int', doc: 'the extent of the new last axis', minimum: 1 } },
  traits: ['gather'],
  infer: ({ x }, { depth }) => ({ dtype: 'f32', shape: [...x.shape, depth] }),
  gradient: () => ({}),
  lower: (b, { x }, _, type) =>
    b.map(type.shape, (axes) => {
      const place = axes.at(-1);
      invariant(place !== undefined, 'one_hot adds an axis');
      const chosen = b.compare('==', x.at(axes.slice(0, -1)), b.value(place));
      return b.select(chosen, b.literal(1), b.literal(0));
    }),
  samples: [
    { operands: { x: { shape: ['N'], dtype: 'i32' } }, attributes: { depth: 3 } },
    { operands: { x: { shape: [2, 2], dtype: 'i32' } }, attributes: { depth: 4 } },
    { operands: { x: { shape: [3], dtype: 'i32', values: [-1, 0, 2] } }, attributes: { depth: 2 } },
  ],
});
