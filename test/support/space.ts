import { expect } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import { affine, evaluateAffine } from '../../compiler/loop/affine.ts';
import type { Definition } from '../../compiler/loop/definition.ts';
import type { Axis } from '../../compiler/loop/ir.ts';
import { concrete } from './evaluate.ts';

/** Checks that a definition's axes visit every place of a result, in row-major order. */
export function expectToRunThrough(
  { axes, index = axes.map(affine) }: Pick<Definition, 'axes' | 'index'>,
  shape: readonly Extent[],
): void {
  const batch = 2;
  const extents = concrete(shape, batch);
  expect(index.length).toBe(extents.length);
  const at = new Map<Axis, number>();
  let next = 0;
  const visit = ([axis, ...inner]: readonly Axis[]): void => {
    if (axis === undefined) {
      const place = index.reduce((sum, i, k) => {
        return sum * (extents[k] ?? NaN) + evaluateAffine(i, (a) => at.get(a) ?? NaN);
      }, 0);
      if (place !== next++) expect(place).toBe(next - 1);
      return;
    }
    const extent = axis.extent === 'N' ? batch : axis.extent;
    for (let i = 0; i < extent; i++) visit((at.set(axis, i), inner));
  };
  visit(axes);
  expect(next).toBe(extents.reduce((a, b) => a * b, 1));
}
