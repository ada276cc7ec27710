import { defineOp, tensor } from '../../graph/op.ts';
import { channelMismatch, groups, inGroups, kernelOf, padding, strides } from '../support/convolution.ts';
import { failed, imageOf } from '../support/shapes.ts';
import { covered, fourAxes, inside, sizeAt, windowMismatch, windowsOver } from '../support/window.ts';
import { conv2dInputGradient } from './conv2d_input_gradient.ts';
import { conv2dKernelGradient } from './conv2d_kernel_gradient.ts';

export const conv2d = defineOp({
  name: 'conv2d',
  doc:
    'Two-dimensional convolution, that is, cross-correlation, as in Keras: y[n, h, w, o] = sum over kh, kw, i of ' +
    'x[n, h*stride - before + kh, w*stride - before + kw, i] * kernel[kh, kw, i, o], zeros outside of x. With groups filter o ' +
    'sees the channels of group floor(o / filters of a group) only, and i counts in it.',
  operands: {
    x: tensor('images [N, height, width, channels]'),
    kernel: tensor('[kernel rows, kernel columns, channels of a group, filters]'),
  },
  attributes: { strides, padding, groups },
  traits: ['contraction'],
  weights: { operand: 'kernel', channels: () => 3 },
  convolution: { turned: false },
  infer: ({ x, kernel }, attributes) => {
    const image = imageOf('the input', x);
    if (failed(image)) return image;
    const filters = kernelOf(kernel);
    if (failed(filters)) return filters;
    const channels = channelMismatch(image.channels, filters, attributes.groups);
    if (failed(channels)) return channels;
    const windows = windowsOver(
      [image.height, image.width],
      filters.size,
      attributes.strides,
      attributes.padding,
    );
    const [h, w] = windows;
    return (
      windowMismatch('kernel', windows, attributes.padding) ?? {
        dtype: 'f32',
        shape: [image.batch, h.output, w.output, filters.outputs],
      }
    );
  },
  gradient: (g, { x, kernel }, attributes, _, dy) => ({
    x: g.emit(conv2dInputGradient, { dy, kernel }, { ...attributes, size: sizeAt(x.type.shape, 1) }),
    kernel: g.emit(
      conv2dKernelGradient,
      { x, dy },
      { ...attributes, kernel_size: sizeAt(kernel.type.shape, 0) },
    ),
  }),
  lower: (b, { x, kernel }, attributes, type) => {
    const windows = windowsOver(
      sizeAt(x.shape, 1),
      sizeAt(kernel.shape, 0),
      attributes.strides,
      attributes.padding,
    );
    const channels = Number(kernel.shape[2]);
    const [kh, kw, ci] = [
      b.axis('kh', windows[0].kernel),
      b.axis('kw', windows[1].kernel),
      b.axis('ci', channels),
    ];
    const y = inGroups(b, type.shape, attributes.groups);
    const [n, h, w, c] = fourAxes(y.index);
    return b.reduce(y, () => {
      const [row, column] = [covered(b, windows[0], h, kh), covered(b, windows[1], w, kw)];
      return {
        axes: [kh, kw, ci],
        combine: 'add',
        init: 0,
        where: inside(b, windows, [row, column]),
        body: b.mul(
          x.at([n, row, column, b.plus(b.times(y.group, channels), ci)]),
          kernel.at([kh, kw, ci, c]),
        ),
      };
    });
  },
  samples: [
    { operands: { x: { shape: ['N', 5, 4, 2] }, kernel: { shape: [3, 3, 2, 3] } } },
    {
      operands: { x: { shape: [1, 6, 5, 1] }, kernel: { shape: [3, 2, 1, 2] } },
      attributes: { strides: [2, 2] },
    },
    {
      operands: { x: { shape: ['N', 5, 6, 1] }, kernel: { shape: [2, 4, 1, 2] } },
      attributes: { padding: 'same' },
    },
    {
      operands: { x: { shape: ['N', 5, 4, 1] }, kernel: { shape: [3, 3, 1, 2] } },
      attributes: { strides: [2, 2], padding: 'same' },
    },
    {
      operands: { x: { shape: [2, 7, 8, 1] }, kernel: { shape: [3, 2, 1, 1] } },
      attributes: { strides: [3, 3], padding: [1, 2] },
    },
    {
      operands: { x: { shape: [1, 4, 6, 1] }, kernel: { shape: [2, 2, 1, 1] } },
      attributes: { strides: [1, 3], padding: [2, 0] },
    },
    {
      operands: { x: { shape: ['N', 3, 3, 2] }, kernel: { shape: [1, 1, 2, 2] } },
      attributes: { strides: [2, 2] },
    },
    {
      operands: { x: { shape: ['N', 3, 2, 4] }, kernel: { shape: [3, 2, 2, 6] } },
      attributes: { padding: [1, 0], groups: 2 },
    },
    {
      operands: { x: { shape: ['N', 4, 4, 3] }, kernel: { shape: [3, 3, 1, 3] } },
      attributes: { strides: [2, 2], padding: [1, 1], groups: 3 },
    },
    {
      operands: { x: { shape: [1, 3, 3, 2] }, kernel: { shape: [2, 2, 1, 6] } },
      attributes: { padding: 'same', groups: 2 },
    },
  ],
});
