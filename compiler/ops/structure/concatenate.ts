import { invariant } from '../../base/invariant.ts';
import type { Extent } from '../../base/types.ts';
import { defineOp, mismatch, tensors } from '../../graph/op.ts';
import { failed, formatShape, resolveInnerAxis, sameDtypes } from '../support/shapes.ts';
import { slice } from './slice.ts';

export const concatenate = defineOp({
  name: 'concatenate',
  doc: 'The operands one after another along an axis (Keras: Concatenate).',
  operands: { xs: tensors('at least one; equal but for the extent along the axis', 'any') },
  attributes: { axis: { type: 'int', doc: 'the axis to join along', default: -1 } },
  traits: ['concatenation'],
  infer: ({ xs }, { axis }) => {
    const [first, ...others] = xs;
    if (first === undefined) {
      return mismatch('E0406', 'there is nothing to join', 'give it a list of values: [a, b] -> Concatenate');
    }
    const along = resolveInnerAxis(axis, first.shape);
    if (failed(along)) return along;
    for (const other of others) {
      const differ = sameDtypes(first, other);
      if (failed(differ)) return differ;
      const fits = other.shape.length === first.shape.length;
      const differs = (extent: Extent, i: number): boolean =>
        i === along ? extent === 'N' : extent !== first.shape[i];
      if (!fits || other.shape.some(differs)) {
        return mismatch(
          'E0406',
          `${formatShape(other.shape)} cannot stand beside ${formatShape(first.shape)} along axis ${axis}`,
          'all axes but that one must have equal extents, and samples are not joined',
        );
      }
    }
    const total = xs.reduce((sum, { shape }) => sum + extentAt(shape, along), 0);
    return { dtype: first.dtype, shape: first.shape.map((extent, i) => (i === along ? total : extent)) };
  },
  gradient: (g, { xs }, { axis }, y, dy) => {
    const along = axis < 0 ? axis + y.type.shape.length : axis;
    let start = 0;
    return {
      xs: xs.map(({ type }) => {
        const size = extentAt(type.shape, along);
        start += size;
        return g.emit(slice, { x: dy }, { axis: along, start: start - size, size });
      }),
    };
  },
  lower: 'none',
  samples: [
    { operands: { xs: [{ shape: ['N', 2, 3] }, { shape: ['N', 2, 1] }, { shape: ['N', 2, 2] }] } },
    { operands: { xs: [{ shape: [2, 3] }, { shape: [1, 3] }] }, attributes: { axis: 0 } },
    { operands: { xs: [{ shape: ['N', 3, 2] }, { shape: ['N', 1, 2] }] }, attributes: { axis: -2 } },
    { operands: { xs: [{ shape: ['N', 3] }] } },
  ],
});

function extentAt(shape: readonly Extent[], axis: number): number {
  const extent = shape[axis];
  invariant(typeof extent === 'number', 'concatenate joins along a known extent');
  return extent;
}
