import { defineOp, tensor } from '../../graph/op.ts';
import {
  gradientMismatch,
  groupMismatch,
  groups,
  inGroups,
  kernelOf,
  padding,
  strides,
} from '../support/convolution.ts';
import { failed, imageOf } from '../support/shapes.ts';
import { covering, fourAxes, pair, sizeAt, windowsOver } from '../support/window.ts';

export const conv2dInputGradient = defineOp({
  name: 'conv2d_input_gradient',
  doc:
    'The gradient of the input of conv2d, as a gather: dx[n, h, w, i] = sum over the windows that cover (h, w), and o, of ' +
    'dy[n, oh, ow, o] * kernel[h + before - stride*oh, w + before - stride*ow, i, o]; with groups over the o of the group of i.',
  operands: {
    dy: tensor('the gradient of the result of conv2d'),
    kernel: tensor('[kernel rows, kernel columns, channels of a group, filters]'),
  },
  attributes: {
    size: { type: 'size', doc: 'height and width of the input', minimum: 1 },
    strides,
    padding,
    groups,
  },
  traits: ['contraction'],
  convolution: { turned: true },
  infer: ({ dy, kernel }, { size, ...attributes }) => {
    const image = imageOf('dy', dy);
    if (failed(image)) return image;
    const filters = kernelOf(kernel);
    if (failed(filters)) return filters;
    const channels = filters.inputs * attributes.groups;
    const wrong = groupMismatch(channels, filters.outputs, attributes.groups);
    if (failed(wrong)) return wrong;
    const [h, w] = windowsOver(size, filters.size, attributes.strides, attributes.padding);
    return (
      gradientMismatch(dy, [image.batch, h.output, w.output, filters.outputs]) ?? {
        dtype: 'f32',
        shape: [image.batch, ...pair(size), channels],
      }
    );
  },
  gradient: 'none',
  lower: (b, { dy, kernel }, { size, ...attributes }, type) => {
    const windows = windowsOver(size, sizeAt(kernel.shape, 0), attributes.strides, attributes.padding);
    const filters = Number(dy.shape[3]) / attributes.groups;
    const co = b.axis('co', filters);
    const dx = inGroups(b, type.shape, attributes.groups);
    const [n, h, w] = fourAxes(dx.index);
    return b.reduce(dx, () => {
      const [rows, columns] = [covering(b, 'h', windows[0], h), covering(b, 'w', windows[1], w)];
      const filter = b.plus(b.times(dx.group, filters), co);
      return {
        axes: [rows.axis, columns.axis, co],
        combine: 'add',
        init: 0,
        where: [rows.where, columns.where],
        body: b.mul(
          dy.at([n, rows.out, columns.out, filter]),
          kernel.at([rows.tap, columns.tap, dx.inside, filter]),
        ),
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
    {
      operands: { dy: { shape: ['N', 3, 1, 6] }, kernel: { shape: [3, 2, 2, 6] } },
      attributes: { size: [3, 2], padding: [1, 0], groups: 2 },
    },
    {
      operands: { dy: { shape: ['N', 2, 2, 3] }, kernel: { shape: [3, 3, 1, 3] } },
      attributes: { size: [4, 4], strides: [2, 2], padding: [1, 1], groups: 3 },
    },
  ],
});
