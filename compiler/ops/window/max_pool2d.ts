import { defineOp, tensor } from '../../graph/op.ts';
import { inferWindows, poolAttributes, pooledShape, poolWindows } from '../support/pooling.ts';
import { failed } from '../support/shapes.ts';
import { covered, fourAxes, inside, sizeAt } from '../support/window.ts';
import { maxPool2dArgmax } from './max_pool2d_argmax.ts';
import { maxPool2dGradient } from './max_pool2d_gradient.ts';

export const maxPool2d = defineOp({
  name: 'max_pool2d',
  doc: 'The largest element of each window; padding takes no part. The gradient goes to the first maximum in row-major order (Keras: MaxPooling2D).',
  operands: { x: tensor('images [N, height, width, channels]') },
  attributes: poolAttributes,
  traits: ['window'],
  infer: ({ x }, attributes) => {
    const pooled = inferWindows(x, attributes);
    return failed(pooled) ? pooled : { dtype: 'f32', shape: pooledShape(pooled.image, pooled.windows) };
  },
  gradient: (g, { x }, attributes, y, dy) => {
    const argmax = g.emit(maxPool2dArgmax, { x, y }, attributes);
    return { x: g.emit(maxPool2dGradient, { dy, argmax }, { ...attributes, size: sizeAt(x.type.shape, 1) }) };
  },
  lower: (b, { x }, attributes, type) => {
    const windows = poolWindows(sizeAt(x.shape, 1), attributes);
    const [kh, kw] = [b.axis('kh', windows[0].kernel), b.axis('kw', windows[1].kernel)];
    return b.reduce(type.shape, (axes) => {
      const [n, h, w, c] = fourAxes(axes);
      const [row, column] = [covered(b, windows[0], h, kh), covered(b, windows[1], w, kw)];
      return {
        axes: [kh, kw],
        combine: 'max',
        init: -Infinity,
        where: inside(b, windows, [row, column]),
        body: x.at([n, row, column, c]),
      };
    });
  },
  samples: [
    { operands: { x: { shape: ['N', 4, 4, 2] } }, attributes: { pool_size: [2, 2], strides: [2, 2] } },
    { operands: { x: { shape: [1, 5, 7, 2] } }, attributes: { pool_size: [2, 3], strides: [2, 3] } },
    { operands: { x: { shape: ['N', 5, 4, 1] } }, attributes: { pool_size: [3, 2], strides: [1, 1] } },
    {
      operands: { x: { shape: ['N', 5, 4, 1] } },
      attributes: { pool_size: [2, 3], strides: [2, 2], padding: 'same' },
    },
    {
      operands: { x: { shape: [1, 5, 5, 1] } },
      attributes: { pool_size: [3, 3], strides: [2, 1], padding: [1, 2] },
    },
  ],
});
