import { defineOp, tensor } from '../../graph/op.ts';
import { inferWindows, poolAttributes, pooledShape, poolWindows } from '../support/pooling.ts';
import { failed } from '../support/shapes.ts';
import { covered, fourAxes, inside, populatedArea, sizeAt } from '../support/window.ts';
import { averagePool2dGradient } from './average_pool2d_gradient.ts';

export const averagePool2d = defineOp({
  name: 'average_pool2d',
  doc: 'The mean of each window; padding is not counted (Keras: AveragePooling2D).',
  operands: { x: tensor('images [N, height, width, channels]') },
  attributes: poolAttributes,
  traits: ['window'],
  infer: ({ x }, attributes) => {
    const pooled = inferWindows(x, attributes);
    return failed(pooled) ? pooled : { dtype: 'f32', shape: pooledShape(pooled.image, pooled.windows) };
  },
  gradient: (g, { x }, attributes, _, dy) => ({
    x: g.emit(averagePool2dGradient, { dy }, { ...attributes, size: sizeAt(x.type.shape, 1) }),
  }),
  lower: (b, { x }, attributes, type) => {
    const windows = poolWindows(sizeAt(x.shape, 1), attributes);
    const [kh, kw] = [b.axis('kh', windows[0].kernel), b.axis('kw', windows[1].kernel)];
    return b.reduce(
      type.shape,
      (axes) => {
        const [n, h, w, c] = fourAxes(axes);
        const [row, column] = [covered(b, windows[0], h, kh), covered(b, windows[1], w, kw)];
        return {
          axes: [kh, kw],
          combine: 'add',
          init: 0,
          where: inside(b, windows, [row, column]),
          body: x.at([n, row, column, c]),
        };
      },
      (total, axes) => {
        const [, h, w] = fourAxes(axes);
        return b.div(total, populatedArea(b, windows, h, w));
      },
    );
  },
  samples: [
    { operands: { x: { shape: ['N', 4, 4, 2] } }, attributes: { pool_size: [2, 2], strides: [2, 2] } },
    { operands: { x: { shape: [1, 5, 7, 2] } }, attributes: { pool_size: [2, 3], strides: [2, 3] } },
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
