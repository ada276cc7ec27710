import { elementCount } from '../../base/types.ts';
import type { GraphBuilder } from '../../graph/builder.ts';
import type { Value } from '../../graph/ir.ts';
import { defineOp, tensors } from '../../graph/op.ts';
import { logicalAnd } from '../binary/logical_and.ts';
import { allTrue, finiteElements } from '../support/finite.ts';
import { reshaped } from '../support/gradients.ts';
import { allTrueAndFinite } from './all_true_and_finite.ts';
import { finiteShares } from './finite_shares.ts';

/** Tensors of more elements are divided into shares. */
const largest = 4096;

export const allFinite = defineOp({
  name: 'all_finite',
  doc: 'Whether every element of every operand is a finite number: neither NaN nor infinite.',
  operands: { xs: tensors('at least one, of any shapes') },
  attributes: {},
  traits: ['reduction'],
  infer: () => ({ dtype: 'bool', shape: [] }),
  gradient: () => ({}),
  lower: (b, { xs }) => allTrue(b, [], () => xs.map((x) => finiteElements(b, x))),
  divided: (g, { xs }, _, { operands, shares }) =>
    shares > 1 ? inShares(g, xs, operands, shares) : inChunks(g, xs, operands),
  samples: [
    { operands: { xs: [{ shape: ['N', 3] }] } },
    { operands: { xs: [{ shape: [2, 3, 2, 2] }] } },
    { operands: { xs: [{ shape: [3], values: [1, Infinity, 2] }] } },
    { operands: { xs: [{ shape: [3], values: [1, 2, NaN] }] } },
    { operands: { xs: [{ shape: [] }] } },
    { operands: { xs: [{ shape: ['N'] }, { shape: [3, 5] }, { shape: [] }] } },
    { operands: { xs: [{ shape: ['N'] }, { shape: [7] }, { shape: [2, 2], values: [1, 2, 3, -Infinity] }] } },
  ],
});

/** So many operands at once, one chunk behind the other. */
function inChunks(g: GraphBuilder, xs: readonly Value[], most: number): Value | undefined {
  if (xs.length <= most) return undefined;
  let finite: Value = g.emit(allFinite, { xs: xs.slice(0, most) });
  for (let start = most; start < xs.length; start += most - 1)
    finite = g.emit(logicalAnd, {
      a: finite,
      b: g.emit(allFinite, { xs: xs.slice(start, start + most - 1) }),
    });
  return finite;
}

/** The largest operands become shares, which many threads look at; these and the smallest operands are looked at together. */
function inShares(g: GraphBuilder, xs: readonly Value[], most: number, shares: number): Value | undefined {
  const size = ({ type: { shape } }: Value): number => (shape.includes('N') ? 0 : elementCount(shape, 1));
  const sorted = xs.toSorted((a, b) => size(a) - size(b));
  const small = sorted.filter((x) => size(x) <= largest);
  if (small.length === xs.length && xs.length <= most) return undefined;
  const batched = sorted.filter((x) => x.type.shape.includes('N')).length;
  // What has a batch cannot be divided.
  if (batched >= most) return inChunks(g, xs, most);
  const last = sorted.slice(0, Math.max(1, Math.min(small.length, most - 1)));
  let divided = sorted.slice(last.length).toReversed();
  let flags: Value | undefined;
  while (divided.length > 0) {
    const count = flags === undefined ? most : most - 1;
    const flat = divided.slice(0, count).map((x) => reshaped(g, x, [size(x)]));
    const finite = g.emit(finiteShares, { xs: flat }, { shares });
    flags = flags === undefined ? finite : g.emit(logicalAnd, { a: flags, b: finite });
    divided = divided.slice(count);
  }
  return flags && g.emit(allTrueAndFinite, { flags, xs: last });
}
