/** Proofs that an index stays inside: never of one that leaves. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import { addAffine, affine, evaluateAffine, scaleAffine } from '../../compiler/loop/affine.ts';
import type { Affine, Axis, Condition, Range } from '../../compiler/loop/ir.ts';
import { batchAxis } from '../../compiler/loop/ir.ts';
import type { Facts } from '../../compiler/loop/prove.ts';
import { provablyInside } from '../../compiler/loop/prove.ts';
import { quotient } from '../../compiler/loop/rewrite.ts';

const [a, b, n]: [Axis, Axis, Axis] = [
  { name: 'a', extent: 6 },
  { name: 'b', extent: 9 },
  { name: 'n', extent: 'N' },
];

const factor = fc.integer({ min: -3, max: 3 });
const sumOf = (axes: readonly Axis[]): fc.Arbitrary<Affine> =>
  fc
    .tuple(fc.integer({ min: -6, max: 12 }), ...axes.map(() => factor))
    .map(([constant, ...factors]) =>
      factors.reduce<Affine>((sum, f, i) => addAffine(sum, scaleAffine(axes[i]!, f)), affine(constant)),
    );
const extent: fc.Arbitrary<Extent> = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant('N' as const));
const quotientOf = (axes: readonly Axis[]) =>
  fc.tuple(sumOf(axes), fc.integer({ min: 1, max: 6 })).map(([sum, divisor]) => quotient(sum, divisor));
/** A part of the axis. */
const rangeOf = (axis: Axis, axes: readonly Axis[]): fc.Arbitrary<Range> =>
  fc
    .tuple(
      fc.array(quotientOf(axes), { maxLength: 2 }),
      fc.array(quotientOf([...axes, batchAxis]), { maxLength: 2 }),
    )
    .map(([from, to]) => ({
      from: [quotient(0), ...from],
      to: [...to, quotient(Number(axis.extent))],
    }));
const cases = fc.record({
  loops: fc
    .tuple(fc.constant({ from: [quotient(0)], to: ['N'] } as Range), rangeOf(a, []), rangeOf(b, [a]))
    .map((ranges) => ranges.map((range, i) => ({ axis: [n, a, b][i]!, range }))),
  conditions: fc.array(
    fc.tuple(sumOf([n, a, b]), extent).map(([index, within]): Condition => ({ index, extent: within })),
    { maxLength: 2 },
  ),
  index: sumOf([n, a, b]),
  extent,
});

/** Whether the index is inside wherever the facts hold, for some batches. */
function isInside(index: Affine, within: Extent, { loops, conditions }: Facts): boolean {
  return [1, 2, 5].every((batch) => {
    const at = new Map<Axis, number>([[batchAxis, batch]]);
    const value = (sum: Affine): number => evaluateAffine(sum, (axis) => at.get(axis) ?? NaN);
    const holds = (condition: Condition): boolean => {
      const place = value(condition.index);
      return place >= 0 && place < (condition.extent === 'N' ? batch : condition.extent);
    };
    const visit = (depth: number): boolean => {
      const loop = loops[depth];
      if (loop === undefined) return !conditions.every(holds) || holds({ index, extent: within });
      const from = Math.max(...loop.range.from.map((q) => Math.floor(value(q.numerator) / q.divisor)));
      const to = Math.min(
        ...loop.range.to.map((q) => (q === 'N' ? batch : Math.floor(value(q.numerator) / q.divisor))),
      );
      for (let i = from; i < to; i++) {
        at.set(loop.axis, i);
        if (!visit(depth + 1)) return false;
      }
      return true;
    };
    return visit(0);
  });
}

it('holds wherever it is given', () => {
  let proved = 0;
  fc.assert(
    fc.property(cases, ({ index, extent: within, ...facts }) => {
      if (!provablyInside(index, within, facts)) return;
      proved++;
      expect(isInside(index, within, facts)).toBe(true);
    }),
    { numRuns: 20_000 },
  );
  expect(proved).toBeGreaterThan(500);
});

it('is found for blocks, threads and windows', () => {
  const [block, thread]: [Axis, Axis] = [
    { name: 'block', extent: 4 },
    { name: 'thread', extent: 8 },
  ];
  const whole = (axis: Axis) => ({
    axis,
    range: { from: [quotient(0)], to: [quotient(Number(axis.extent))] },
  });
  const place = addAffine(scaleAffine(block, 8), thread);
  const loops = [whole(block), whole(thread)];
  const inside = { loops, conditions: [{ index: place, extent: 27 }] };
  expect(provablyInside(place, 27, { loops, conditions: [] })).toBe(false);
  expect(provablyInside(place, 27, inside)).toBe(true);
  // Four elements of each, windows of three around them, and every eighth place of an axis.
  const lane = addAffine(scaleAffine(place, 4), 3);
  expect(provablyInside(lane, 108, inside)).toBe(true);
  expect(provablyInside(lane, 107, inside)).toBe(false);
  const kernel: Axis = { name: 'k', extent: 3 };
  const range = {
    from: [quotient(0), quotient(addAffine(scaleAffine(place, -1), 1))],
    to: [quotient(3), quotient(addAffine(scaleAffine(place, -1), 28))],
  };
  const window = addAffine(addAffine(place, kernel), -1);
  expect(provablyInside(window, 27, { ...inside, loops: [...loops, { axis: kernel, range }] })).toBe(true);
  const step: Axis = { name: 'step', extent: 'N' };
  const steps = {
    from: [quotient(0)],
    to: [quotient(addAffine(addAffine(batchAxis, 7), scaleAffine(thread, -1)), 8)],
  };
  const eighth = addAffine(scaleAffine(step, 8), thread);
  const facts = { loops: [whole(thread), { axis: step, range: steps }], conditions: [] };
  expect(provablyInside(eighth, 'N', facts)).toBe(true);
  expect(provablyInside(addAffine(eighth, 1), 'N', facts)).toBe(false);
});
