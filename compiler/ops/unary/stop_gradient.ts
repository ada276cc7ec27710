import { defineOp, tensor } from '../../graph/op.ts';

export const stopGradient = defineOp({
  name: 'stop_gradient',
  doc: 'x as it is, but nothing before it learns through it: its gradient is 0 by definition.',
  operands: { x: tensor('any shape', 'any') },
  attributes: {},
  traits: ['view', 'idempotent'],
  infer: ({ x }) => x,
  gradient: () => ({}),
  lower: 'none',
  samples: [{ operands: { x: { shape: ['N', 3] } } }],
});
