import { defineOp, tensor } from '../../graph/op.ts';
import {
  gradientMismatch,
  groupMismatch,
  groups,
  inGroups,
  padding,
  strides,
} from '../support/convolution.ts';
import { failed, imageOf } from '../support/shapes.ts';
import { covered, fourAxes, inside, pair, sizeAt, windowsOver } from '../support/window.ts';

export const conv2dKernelGradient = defineOp({
  name: 'conv2d_kernel_gradient',
  doc:
    'The gradient of the kernel of conv2d: dk[kh, kw, i, o] = sum over n, oh, ow of ' +
    'x[n, oh*stride - before + kh, ow*stride - before + kw, i] * dy[n, oh, ow, o]; with groups i counts in the group of o.',
  operands: {
    x: tensor('the input of conv2d'),
    dy: tensor('the gradient of its result'),
  },
  attributes: {
    kernel_size: { type: 'size', doc: 'rows and columns of the kernel', minimum: 1 },
    strides,
    padding,
    groups,
  },
  traits: ['contraction'],
  infer: ({ x, dy }, { kernel_size, ...attributes }) => {
    const image = imageOf('x', x);
    if (failed(image)) return image;
    const result = imageOf('dy', dy);
    if (failed(result)) return result;
    const wrong = groupMismatch(image.channels, result.channels, attributes.groups);
    if (failed(wrong)) return wrong;
    const [h, w] = windowsOver(
      [image.height, image.width],
      kernel_size,
      attributes.strides,
      attributes.padding,
    );
    return (
      gradientMismatch(dy, [image.batch, h.output, w.output, result.channels]) ?? {
        dtype: 'f32',
        shape: [...pair(kernel_size), image.channels / attributes.groups, result.channels],
      }
    );
  },
  gradient: 'none',
  lower: (b, { x, dy }, { kernel_size, ...attributes }, type) => {
    const windows = windowsOver(sizeAt(x.shape, 1), kernel_size, attributes.strides, attributes.padding);
    const n = b.axis('n', x.shape[0] ?? 1);
    const [oh, ow] = [b.axis('oh', windows[0].output), b.axis('ow', windows[1].output)];
    const dk = inGroups(b, type.shape, attributes.groups);
    const [kh, kw, i, co] = fourAxes(dk.index);
    const ci = b.plus(b.times(dk.group, Number(type.shape[2])), i);
    return b.reduce(dk, () => {
      const [row, column] = [covered(b, windows[0], oh, kh), covered(b, windows[1], ow, kw)];
      return {
        axes: [n, oh, ow],
        combine: 'add',
        init: 0,
        where: inside(b, windows, [row, column]),
        body: b.mul(x.at([n, row, column, ci]), dy.at([n, oh, ow, co])),
      };
    });
  },
  samples: [
    {
      operands: { x: { shape: ['N', 5, 4, 2] }, dy: { shape: ['N', 3, 2, 3] } },
      attributes: { kernel_size: [3, 3] },
    },
    {
      operands: { x: { shape: [1, 5, 4, 1] }, dy: { shape: [1, 3, 2, 2] } },
      attributes: { kernel_size: [3, 3], strides: [2, 2], padding: 'same' },
    },
    {
      operands: { x: { shape: [2, 7, 8, 1] }, dy: { shape: [2, 3, 4, 1] } },
      attributes: { kernel_size: [3, 2], strides: [3, 3], padding: [1, 2] },
    },
    {
      operands: { x: { shape: ['N', 3, 2, 4] }, dy: { shape: ['N', 3, 1, 6] } },
      attributes: { kernel_size: [3, 2], padding: [1, 0], groups: 2 },
    },
    {
      operands: { x: { shape: ['N', 4, 4, 3] }, dy: { shape: ['N', 2, 2, 3] } },
      attributes: { kernel_size: [3, 3], strides: [2, 2], padding: [1, 1], groups: 3 },
    },
  ],
});
