import { sameShape } from '../../base/types.ts';
import { invariant } from '../../base/invariant.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { ordered } from '../support/dtypes.ts';
import { failed, formatShape, resolveInnerAxis, sameDtypes } from '../support/shapes.ts';

export const indexOf = defineOp({
  name: 'index_of',
  doc: 'The first place along an axis where x equals value; the last place where none does. With the maximum as value it is argmax.',
  operands: {
    x: tensor('any shape but that of a single number', ordered),
    value: tensor('the shape of x with 1 along the axis', ordered),
  },
  attributes: { axis: { type: 'int', doc: 'the axis to look along', default: -1 } },
  traits: ['reduction'],
  infer: ({ x, value }, { axis }) => {
    const along = resolveInnerAxis(axis, x.shape);
    if (failed(along)) return along;
    const differ = sameDtypes(x, value);
    if (failed(differ)) return differ;
    const wanted = x.shape.map((extent, i) => (i === along ? 1 : extent));
    if (!sameShape(value.shape, wanted)) {
      return mismatch(
        'E0401',
        `the value to look for must be ${formatShape(wanted)}, got ${formatShape(value.shape)}`,
        'max(x, axes: [axis], keepdims: true) has that shape',
      );
    }
    return { dtype: 'i32', shape: x.shape.filter((_, i) => i !== along) };
  },
  gradient: () => ({}),
  lower: (b, { x, value }, { axis }, type) => {
    const along = axis < 0 ? axis + x.shape.length : axis;
    const extent = x.shape[along];
    invariant(typeof extent === 'number', 'index_of was inferred');
    const running = b.axis('i', extent);
    return b.reduce(type.shape, (axes) => {
      const found = b.compare(
        '==',
        x.at([...axes.slice(0, along), running, ...axes.slice(along)]),
        value.at([...axes.slice(0, along), 0, ...axes.slice(along)]),
      );
      return {
        axes: [running],
        combine: 'min',
        init: extent - 1,
        dtype: 'i32',
        body: b.select(found, b.value(running), b.literal(extent - 1, 'i32')),
      };
    });
  },
  samples: [
    {
      operands: {
        x: { shape: [2, 4], values: [1, 3, 3, 2, 5, 0, 4, 5] },
        value: { shape: [2, 1], values: [3, 5] },
      },
    },
    { operands: { x: { shape: ['N', 6], dtype: 'i32' }, value: { shape: ['N', 1], dtype: 'i32' } } },
    {
      operands: { x: { shape: ['N', 3, 2], dtype: 'i32' }, value: { shape: ['N', 1, 2], dtype: 'i32' } },
      attributes: { axis: 1 },
    },
  ],
});
