import { defineOp, tensor, tensors } from '../../graph/op.ts';
import { allTrue, finiteElements } from '../support/finite.ts';

export const allTrueAndFinite = defineOp({
  name: 'all_true_and_finite',
  doc: 'Whether all flags are true and all elements of the other operands finite. Chosen by the pass divide.',
  operands: {
    flags: tensor('any shape', ['bool']),
    xs: tensors('at least one, of any shapes'),
  },
  attributes: {},
  traits: ['reduction'],
  infer: () => ({ dtype: 'bool', shape: [] }),
  gradient: () => ({}),
  lower: (b, { flags, xs }) =>
    allTrue(b, [], () => {
      const axes = b.axesOf(flags.shape);
      return [{ axes, body: flags.at(axes), where: [] }, ...xs.map((x) => finiteElements(b, x))];
    }),
  samples: [
    {
      operands: {
        flags: { shape: [5], dtype: 'bool', values: [1, 1, 1, 1, 1] },
        xs: [{ shape: ['N'] }, { shape: [2, 3] }],
      },
    },
    { operands: { flags: { shape: [3], dtype: 'bool', values: [1, 0, 1] }, xs: [{ shape: ['N', 2] }] } },
    {
      operands: {
        flags: { shape: [2], dtype: 'bool', values: [1, 1] },
        xs: [
          { shape: [1], values: [0] },
          { shape: [2], values: [1, Infinity] },
        ],
      },
    },
  ],
});
