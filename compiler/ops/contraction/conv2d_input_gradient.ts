import { defineOp, tensor } from '../../graph/op.ts';
import { channelMismatch, gradientMismatch, kernelOf, padding, strides } from '../support/convolution.ts';
import { failed, imageOf } from '../support/shapes.ts';
import { covering, fourAxes, pair, sizeAt, windowsOver } from '../support/window.ts';

export const conv2dInputGradient = defineOp({
  name: 'conv2d_input_gradient',
  doc:
    'The gradient of the input of conv2d, as a gather: dx[n, h, w, i] = sum over the windows that cover (h, w), and o, of ' +
    'dy[n, oh, ow, o] * kernel[h + before - stride*oh, w + before - stride*ow, i, o].',
  operands: {
    dy: tensor('the gradient of the result of conv2d'),
    kernel: tensor('[kernel rows, kernel columns, channels, filters]'),
  },
  attributes: { size: { type: 'size', doc: 'height and width of the input', minimum: 1 }, strides, padding },
  traits: ['contraction'],
  infer: ({ dy, kernel }, { size, ...attributes }) => {
    const image = imageOf('dy', dy);
    if (failed(image)) return image;
    const filters = kernelOf(kernel);
    if (failed(filters)) return filters;
    const channels = channelMismatch(image.channels, filters.outputs);
    if (failed(channels)) return channels;
    const [h, w] = windowsOver(size, filters.size, attributes.strides, attributes.padding);
    return (
      gradientMismatch(dy, [image.batch, h.output, w.output, filters.outputs]) ?? {
        dtype: 'f32',
        shape: [image.batch, ...pair(size), filters.inputs],
      }
    );
  },
  gradient: 'none',
  lower: (b, { dy, kernel }, { size, ...attributes }, type) => {
    const windows = windowsOver(size, sizeAt(kernel.shape, 0), attributes.strides, attributes.padding);
    const co = b.axis('co', dy.shape[3] ?? 1);
    return b.reduce(type.shape, (axes) => {
      const [n, h, w, c] = fourAxes(axes);
      const [rows, columns] = [covering(b, 'h', windows[0], h), covering(b, 'w', windows[1], w)];
      return {
        axes: [rows.axis, columns.axis, co],
        combine: 'add',
        init: 0,
        where: [rows.where, columns.where],
        body: b.mul(dy.at([n, rows.out, columns.out, co]), kernel.at([rows.tap, columns.tap, c, co])),
      };
    });
  },
  samples: [
    {
      operands: { dy: { shape: ['N', 3, 2, 3] }, kernel: { shape: [3, 3, 2, 3] } },
      attributes: { size: [5, 4] },
    },
    {
      operands: { dy: { shape: [1, 3, 2, 2] }, kernel: { shape: [3, 3, 1, 2] } },
      attributes: { size: [5, 4], strides: [2, 2], padding: 'same' },
    },
    {
      operands: { dy: { shape: [2, 3, 4, 1] }, kernel: { shape: [3, 2, 1, 1] } },
      attributes: { size: [7, 8], strides: [3, 3], padding: [1, 2] },
    },
  ],
});
