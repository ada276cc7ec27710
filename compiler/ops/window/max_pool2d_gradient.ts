import { sameShape } from '../../base/types.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { gradientMismatch } from '../support/convolution.ts';
import { poolGradientAttributes, pooledShape, poolWindows } from '../support/pooling.ts';
import { failed, formatShape, imageOf } from '../support/shapes.ts';
import { covering, fourAxes, pair } from '../support/window.ts';

export const maxPool2dGradient = defineOp({
  name: 'max_pool2d_gradient',
  doc: 'The gradient of max_pool2d, as a gather: the sum of dy over the windows whose first maximum is at this place.',
  operands: {
    dy: tensor('the gradient of the result of max_pool2d'),
    argmax: tensor('the place of each maximum, from max_pool2d_argmax', ['i32']),
  },
  attributes: poolGradientAttributes,
  traits: ['window'],
  infer: ({ dy, argmax }, { size, ...attributes }) => {
    const image = imageOf('dy', dy);
    if (failed(image)) return image;
    if (!sameShape(dy.shape, argmax.shape)) {
      return mismatch('E0415', `dy is ${formatShape(dy.shape)}, argmax ${formatShape(argmax.shape)}`);
    }
    return (
      gradientMismatch(dy, pooledShape(image, poolWindows(size, attributes))) ?? {
        dtype: 'f32',
        shape: [image.batch, ...pair(size), image.channels],
      }
    );
  },
  gradient: 'none',
  lower: (b, { dy, argmax }, { size, ...attributes }, type) => {
    const windows = poolWindows(size, attributes);
    return b.reduce(type.shape, (axes) => {
      const [n, h, w, c] = fourAxes(axes);
      const [rows, columns] = [covering(b, 'h', windows[0], h), covering(b, 'w', windows[1], w)];
      const place = [n, rows.out, columns.out, c];
      const tap = b.value(b.plus(b.times(rows.tap, windows[1].kernel), columns.tap));
      return {
        axes: [rows.axis, columns.axis],
        combine: 'add',
        init: 0,
        where: [rows.where, columns.where],
        body: b.select(b.compare('==', argmax.at(place), tap), dy.at(place), 0),
      };
    });
  },
  samples: [
    {
      operands: { dy: { shape: ['N', 2, 2, 2] }, argmax: { shape: ['N', 2, 2, 2], dtype: 'i32' } },
      attributes: { size: [4, 4], pool_size: [2, 2], strides: [2, 2] },
    },
    {
      operands: { dy: { shape: [1, 4, 3, 1] }, argmax: { shape: [1, 4, 3, 1], dtype: 'i32' } },
      attributes: { size: [5, 4], pool_size: [2, 2], strides: [1, 1] },
    },
    {
      operands: { dy: { shape: [1, 3, 7, 1] }, argmax: { shape: [1, 3, 7, 1], dtype: 'i32', range: [4, 9] } },
      attributes: { size: [5, 5], pool_size: [3, 3], strides: [2, 1], padding: [1, 2] },
    },
  ],
});
