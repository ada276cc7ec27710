import { invariant } from '../../base/invariant.ts';
import { defineOp, mismatch, tensors } from '../../graph/op.ts';
import { affine } from '../../loop/affine.ts';
import type { DefinitionBuilder, TensorReader } from '../../loop/builder.ts';
import type { Points } from '../../loop/definition.ts';
import type { Axis } from '../../loop/ir.ts';
import { allTrue } from '../support/finite.ts';
import { formatShape } from '../support/shapes.ts';

export const finiteShares = defineOp({
  name: 'finite_shares',
  doc: 'Every operand is divided into so many shares, which lie one behind the other: whether all elements of each share are finite. Chosen by the pass divide.',
  operands: { xs: tensors('at least one, [elements] each') },
  attributes: { shares: { type: 'int', doc: 'how many there are', minimum: 1 } },
  traits: ['reduction'],
  infer: ({ xs }, { shares }) => {
    const other = xs.find(({ shape: [extent, more] }) => typeof extent !== 'number' || more !== undefined);
    return other === undefined
      ? { dtype: 'bool', shape: [shares] }
      : mismatch('E0402', `the operands must be [elements], got ${formatShape(other.shape)}`);
  },
  gradient: () => ({}),
  lower: (b, { xs }, { shares }) =>
    allTrue(b, [shares], ([share]) => {
      invariant(share !== undefined, 'there is an axis of shares');
      return xs.map((x) => elementsOf(b, x, share, shares));
    }),
  samples: [
    { operands: { xs: [{ shape: [12] }] }, attributes: { shares: 4 } },
    { operands: { xs: [{ shape: [7] }, { shape: [2] }, { shape: [1] }] }, attributes: { shares: 3 } },
    {
      operands: { xs: [{ shape: [3] }, { shape: [5], values: [0, 1, 2, 3, NaN] }] },
      attributes: { shares: 2 },
    },
    {
      operands: { xs: [{ shape: [4], values: [0, -Infinity, 2, 3] }] },
      attributes: { shares: 4 },
    },
  ],
});

function elementsOf(b: DefinitionBuilder, x: TensorReader, share: Axis, shares: number): Points {
  const [length] = x.shape;
  invariant(typeof length === 'number', 'finite_shares was inferred');
  const size = Math.ceil(length / shares);
  const inside = b.axis('i', size);
  const place = size === 1 ? affine(share) : b.plus(b.times(share, size), inside);
  return {
    axes: size === 1 ? [] : [inside],
    body: b.unary('isfinite', x.at([place])),
    where: length === size * shares ? [] : [b.within(place, length)],
  };
}
