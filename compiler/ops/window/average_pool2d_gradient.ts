import { defineOp, tensor } from '../../graph/op.ts';
import { gradientMismatch } from '../support/convolution.ts';
import { poolGradientAttributes, pooledShape, poolWindows } from '../support/pooling.ts';
import { failed, imageOf } from '../support/shapes.ts';
import { covering, fourAxes, pair, populatedArea } from '../support/window.ts';

export const averagePool2dGradient = defineOp({
  name: 'average_pool2d_gradient',
  doc: 'The gradient of average_pool2d, as a gather: the sum over the windows that cover this place of dy / elements of the window.',
  operands: { dy: tensor('the gradient of the result of average_pool2d') },
  attributes: poolGradientAttributes,
  traits: ['window'],
  infer: ({ dy }, { size, ...attributes }) => {
    const image = imageOf('dy', dy);
    if (failed(image)) return image;
    return (
      gradientMismatch(dy, pooledShape(image, poolWindows(size, attributes))) ?? {
        dtype: 'f32',
        shape: [image.batch, ...pair(size), image.channels],
      }
    );
  },
  gradient: 'none',
  lower: (b, { dy }, { size, ...attributes }, type) => {
    const windows = poolWindows(size, attributes);
    return b.reduce(type.shape, (axes) => {
      const [n, h, w, c] = fourAxes(axes);
      const [rows, columns] = [covering(b, 'h', windows[0], h), covering(b, 'w', windows[1], w)];
      const area = populatedArea(b, windows, rows.out, columns.out);
      return {
        axes: [rows.axis, columns.axis],
        combine: 'add',
        init: 0,
        where: [rows.where, columns.where],
        body: b.div(dy.at([n, rows.out, columns.out, c]), area),
      };
    });
  },
  samples: [
    {
      operands: { dy: { shape: ['N', 2, 2, 2] } },
      attributes: { size: [4, 4], pool_size: [2, 2], strides: [2, 2] },
    },
    {
      operands: { dy: { shape: [1, 3, 7, 1] } },
      attributes: { size: [5, 5], pool_size: [3, 3], strides: [2, 1], padding: [1, 2] },
    },
    {
      operands: { dy: { shape: ['N', 3, 2, 1] } },
      attributes: { size: [5, 4], pool_size: [2, 3], strides: [2, 2], padding: 'same' },
    },
  ],
});
