import { invariant } from '../../base/invariant.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { failed, formatShape, resolveInnerAxis } from '../support/shapes.ts';
import { sliceGradient } from './slice_gradient.ts';

export const slice = defineOp({
  name: 'slice',
  doc: 'The part start … start+size-1 of one axis.',
  operands: { x: tensor('any shape but that of a single number', 'any') },
  attributes: {
    axis: { type: 'int', doc: 'the axis to cut; not that of the batch' },
    start: { type: 'int', doc: 'the first place', minimum: 0 },
    size: { type: 'int', doc: 'how many places', minimum: 1 },
  },
  traits: ['gather', 'rearrangement'],
  infer: ({ x }, { axis, start, size }) => {
    const along = resolveInnerAxis(axis, x.shape);
    if (failed(along)) return along;
    const extent = x.shape[along];
    if (typeof extent !== 'number' || start + size > extent) {
      return mismatch(
        'E0409',
        `places ${start} to ${start + size - 1} are not all in axis ${axis} of ${formatShape(x.shape)}`,
        `the last place is ${Number(extent) - 1}`,
      );
    }
    return { dtype: x.dtype, shape: x.shape.map((e, i) => (i === along ? size : e)) };
  },
  gradient: (g, { x }, { axis, start }, _, dy) => {
    const extent = x.type.shape.at(axis);
    invariant(typeof extent === 'number', 'slice was inferred');
    return { x: g.emit(sliceGradient, { dy }, { axis, start, extent }) };
  },
  lower: (b, { x }, { axis, start }, type) => {
    const along = axis < 0 ? axis + x.shape.length : axis;
    return b.map(
      type.shape,
      (axes) => x.at(axes.map((i, k) => (k === along ? b.plus(i, start) : i))),
      type.dtype,
    );
  },
  samples: [
    { operands: { x: { shape: ['N', 5] } }, attributes: { axis: -1, start: 1, size: 3 } },
    { operands: { x: { shape: ['N', 4, 2] } }, attributes: { axis: 1, start: 3, size: 1 } },
    { operands: { x: { shape: [4, 3], dtype: 'i32' } }, attributes: { axis: 0, start: 0, size: 2 } },
  ],
});
