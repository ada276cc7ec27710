import { defineOp, tensor } from '../../graph/op.ts';
import { gradientMismatch } from '../support/convolution.ts';
import { inferWindows, poolAttributes, pooledShape, poolWindows } from '../support/pooling.ts';
import { failed } from '../support/shapes.ts';
import { covered, fourAxes, inside, sizeAt } from '../support/window.ts';

export const maxPool2dArgmax = defineOp({
  name: 'max_pool2d_argmax',
  doc: 'The place of the first maximum of each window: row * window columns + column, padding counted as places.',
  operands: { x: tensor('the input of max_pool2d'), y: tensor('its result') },
  attributes: poolAttributes,
  traits: ['window'],
  infer: ({ x, y }, attributes) => {
    const pooled = inferWindows(x, attributes);
    if (failed(pooled)) return pooled;
    const shape = pooledShape(pooled.image, pooled.windows);
    return gradientMismatch(y, shape) ?? { dtype: 'i32', shape };
  },
  gradient: () => ({}),
  lower: (b, { x, y }, attributes, type) => {
    const windows = poolWindows(sizeAt(x.shape, 1), attributes);
    const [rows, columns] = [windows[0].kernel, windows[1].kernel];
    const [kh, kw] = [b.axis('kh', rows), b.axis('kw', columns)];
    const last = rows * columns - 1;
    return b.reduce(type.shape, (axes) => {
      const [n, h, w, c] = fourAxes(axes);
      const [row, column] = [covered(b, windows[0], h, kh), covered(b, windows[1], w, kw)];
      const found = b.compare('==', x.at([n, row, column, c]), y.at([n, h, w, c]));
      return {
        axes: [kh, kw],
        combine: 'min',
        init: last,
        dtype: 'i32',
        where: inside(b, windows, [row, column]),
        body: b.select(found, b.value(b.plus(b.times(kh, columns), kw)), b.literal(last, 'i32')),
      };
    });
  },
  samples: [
    {
      operands: {
        x: { shape: [1, 2, 4, 1], values: [1, 3, 2, 2, 3, 3, 2, 2] },
        y: { shape: [1, 1, 2, 1], values: [3, 2] },
      },
      attributes: { pool_size: [2, 2], strides: [2, 2] },
    },
    {
      operands: {
        x: { shape: [1, 3, 3, 1], values: [1, 2, 3, 4, 9, 5, 6, 7, 8] },
        y: { shape: [1, 2, 2, 1], values: [9, 9, 9, 9] },
      },
      attributes: { pool_size: [2, 2], strides: [2, 2], padding: [1, 1] },
    },
    {
      operands: { x: { shape: ['N', 4, 4, 2] }, y: { shape: ['N', 2, 2, 2] } },
      attributes: { pool_size: [2, 2], strides: [2, 2] },
    },
  ],
});
