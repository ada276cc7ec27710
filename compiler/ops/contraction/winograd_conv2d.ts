import type { TensorType } from '../../base/types.ts';
import type { Mismatch, Padding } from '../../graph/op.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { invariant } from '../../base/invariant.ts';
import { padding } from '../support/convolution.ts';
import { failed, formatShape, imageOf, rankMismatch } from '../support/shapes.ts';
import type { Windows } from '../support/window.ts';
import { sizeAt, windowMismatch, windowsOver } from '../support/window.ts';
import { winogradLoops } from '../support/winograd/loops.ts';
import { scalarLoops } from '../support/winograd/scalar.ts';
import { filterBlock } from '../support/winograd/blocks.ts';
import type { Tile } from '../support/winograd/tile.ts';
import { mostChannels, taps, tileOf } from '../support/winograd/tile.ts';

export const winogradConv2d = defineOp({
  name: 'winograd_conv2d',
  doc:
    'A conv2d of stride 1 with a 3x3 kernel that winograd_kernel transformed: with 4 points results come in tiles of 2x2 from ' +
    '16 products per pair of channels in place of 36, with 6 points in tiles of 4x4 from 36 in place of 144. The results ' +
    'differ from those of conv2d by rounding. Chosen by the pass winograd.',
  operands: {
    x: tensor('images [N, height, width, channels]'),
    kernel: tensor('[filters / 8, points, points, channels, 8]'),
  },
  attributes: {
    filters: { type: 'int', doc: 'channels of the result', minimum: 1 },
    padding,
  },
  traits: ['contraction'],
  infer: ({ x, kernel }, attributes) => {
    const image = imageOf('the input', x);
    if (failed(image)) return image;
    const wrong = kernelMismatch(kernel, image.channels, attributes.filters);
    if (wrong !== undefined) return wrong;
    const windows = windowsOf(x, attributes.padding);
    const [h, w] = windows;
    return (
      windowMismatch('kernel', windows, attributes.padding) ?? {
        dtype: 'f32',
        shape: [image.batch, h.output, w.output, attributes.filters],
      }
    );
  },
  gradient: 'none',
  lower: 'none',
  loops: ({ x, kernel }, attributes, store, lanes) => {
    const [batch, , , channels] = x.shape;
    const tile = tileOf(Number(kernel.shape[1]));
    invariant(batch !== undefined && tile !== undefined, 'images and a kernel of a known tile');
    const windows = windowsOf(x, attributes.padding);
    const { filters } = attributes;
    const work = { tile, windows, batch, channels: Number(channels), filters, x, kernel, store };
    return lanes === 1 ? scalarLoops(work) : winogradLoops(work);
  },
  samples: [
    {
      operands: { x: { shape: ['N', 6, 5, 2] }, kernel: { shape: [1, 4, 4, 2, 8] } },
      attributes: { filters: 8 },
    },
    {
      operands: { x: { shape: [1, 7, 6, 5] }, kernel: { shape: [2, 6, 6, 5, 8] } },
      attributes: { filters: 11, padding: 'same' },
    },
    {
      operands: { x: { shape: ['N', 3, 9, 1] }, kernel: { shape: [1, 6, 6, 1, 8] } },
      attributes: { filters: 3, padding: [2, 0] },
    },
  ],
});

const windowsOf = ({ shape }: Pick<TensorType, 'shape'>, around: Padding): Windows =>
  windowsOver(sizeAt(shape, 1), [taps, taps], [1, 1], around);

function kernelMismatch(kernel: TensorType, channels: number, filters: number): Mismatch | undefined {
  const [blocks, points, across, inputs, block, more] = kernel.shape;
  const tile: Tile | undefined = typeof points === 'number' ? tileOf(points) : undefined;
  if (tile === undefined || across !== points || block !== filterBlock || more !== undefined)
    return rankMismatch(
      'the kernel',
      '[filters / 8, points, points, channels, 8] with 4 or 6 points',
      kernel,
    );
  if (inputs === channels && blocks === Math.ceil(filters / filterBlock) && channels <= mostChannels)
    return undefined;
  return mismatch(
    'E0403',
    channels > mostChannels
      ? `the image has ${channels} channels, more than ${mostChannels}`
      : `the kernel ${formatShape(kernel.shape)} is not for ${channels} channels and ${filters} filters`,
  );
}
