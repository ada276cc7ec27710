import { invariant } from '../../base/invariant.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { failed, formatShape, resolveInnerAxis } from '../support/shapes.ts';

export const sliceGradient = defineOp({
  name: 'slice_gradient',
  doc: 'The gradient of slice: dy at its places along the axis, 0 before and after.',
  operands: { dy: tensor('the gradient of the slice') },
  attributes: {
    axis: { type: 'int', doc: 'the axis that was cut' },
    start: { type: 'int', doc: 'the first place of the slice', minimum: 0 },
    extent: { type: 'int', doc: 'the extent of the axis before the cut', minimum: 1 },
  },
  traits: ['gather'],
  infer: ({ dy }, { axis, start, extent }) => {
    const along = resolveInnerAxis(axis, dy.shape);
    if (failed(along)) return along;
    const size = dy.shape[along];
    if (typeof size !== 'number' || start + size > extent) {
      return mismatch('E0409', `${formatShape(dy.shape)} from ${start} reaches beyond ${extent}`);
    }
    return { dtype: dy.dtype, shape: dy.shape.map((e, i) => (i === along ? extent : e)) };
  },
  gradient: 'none',
  lower: (b, { dy }, { axis, start }, type) => {
    const along = axis < 0 ? axis + dy.shape.length : axis;
    const size = dy.shape[along];
    invariant(typeof size === 'number', 'slice_gradient was inferred');
    return b.map(type.shape, (axes) => {
      const places = axes.map((i, k) => (k === along ? { clamped: b.value(b.minus(i, start)) } : i));
      const place = axes[along];
      invariant(place !== undefined, 'the axis exists');
      const inside = b.select(
        b.compare('>=', b.value(place), start),
        b.compare('<', b.value(place), start + size),
        0,
      );
      return b.select(inside, dy.at(places), 0);
    });
  },
  samples: [
    { operands: { dy: { shape: ['N', 3] } }, attributes: { axis: -1, start: 1, extent: 5 } },
    { operands: { dy: { shape: ['N', 1, 2] } }, attributes: { axis: 1, start: 3, extent: 4 } },
    { operands: { dy: { shape: [2, 3] } }, attributes: { axis: 0, start: 0, extent: 2 } },
  ],
});
