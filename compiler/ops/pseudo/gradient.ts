import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { formatShape } from '../support/shapes.ts';

export const gradient = defineOp({
  name: 'gradient',
  doc: 'd of / d with_respect_to, with the shape of the latter. The differentiate pass replaces it by the nodes that compute it.',
  operands: {
    of: tensor('a single number, such as the loss'),
    with_respect_to: tensor('any shape; a value that `of` depends on'),
  },
  attributes: {},
  traits: ['pseudo'],
  infer: ({ of, with_respect_to }) =>
    of.shape.length === 0
      ? with_respect_to
      : mismatch(
          'E0404',
          `only a single number can be differentiated, got ${formatShape(of.shape)}`,
          'take its mean or sum first',
        ),
  gradient: 'none',
  lower: 'none',
  samples: [{ operands: { of: { shape: [] }, with_respect_to: { shape: [2, 3] } } }],
});
