import { defineOp, tensor } from '../../graph/op.ts';

export const allFinite = defineOp({
  name: 'all_finite',
  doc: 'Whether every element is a finite number: neither NaN nor infinite.',
  operands: { x: tensor('any shape') },
  attributes: {},
  traits: ['reduction'],
  infer: () => ({ dtype: 'bool', shape: [] }),
  gradient: () => ({}),
  lower: (b, { x }) => {
    const axes = b.axesOf(x.shape);
    return b.reduce([], () => ({
      axes,
      combine: 'and',
      init: 1,
      dtype: 'bool',
      body: b.unary('isfinite', x.at(axes)),
    }));
  },
  samples: [
    { operands: { x: { shape: ['N', 3] } } },
    { operands: { x: { shape: [2, 3, 2, 2] } } },
    { operands: { x: { shape: [3], values: [1, Infinity, 2] } } },
    { operands: { x: { shape: [3], values: [1, 2, NaN] } } },
    { operands: { x: { shape: [] } } },
  ],
});
