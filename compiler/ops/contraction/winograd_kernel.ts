import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { kernelOf } from '../support/convolution.ts';
import { failed } from '../support/shapes.ts';
import { filterBlock } from '../support/winograd/blocks.ts';
import { kernelLoops } from '../support/winograd/kernel.ts';
import { pointsOf, taps, tiles } from '../support/winograd/tile.ts';

export const winogradKernel = defineOp({
  name: 'winograd_kernel',
  doc:
    'A 3x3 kernel g as winograd_conv2d takes it: G g Gᵀ for each channel and filter, where the rows of G are powers of the ' +
    'places at which polynomials are evaluated. Eight filters stand side by side, with zeros where there are no more. With ' +
    'turned: true g is turned by 180 degrees and its channels and filters change places, as the gradient of the input wants it.',
  operands: { kernel: tensor('[3, 3, channels, filters]') },
  attributes: {
    tile: { type: 'int', doc: 'rows and columns of results that a tile computes: 2 or 4', minimum: 2 },
    turned: { type: 'bool', doc: 'for the gradient of the input', default: false },
  },
  traits: ['contraction'],
  infer: ({ kernel }, attributes) => {
    const g = kernelOf(kernel);
    if (failed(g)) return g;
    if (g.size.some((extent) => extent !== taps))
      return mismatch('E0402', `the kernel is ${g.size.join('x')}, not 3x3`);
    const tile = tiles.find((known) => known === attributes.tile);
    if (tile === undefined)
      return mismatch('E0402', `there are tiles of 2 and of 4, not of ${attributes.tile}`);
    const [channels, filters] = attributes.turned ? [g.outputs, g.inputs] : [g.inputs, g.outputs];
    const points = pointsOf(tile);
    return {
      dtype: 'f32',
      shape: [Math.ceil(filters / filterBlock), points, points, channels, filterBlock],
    };
  },
  gradient: 'none',
  lower: 'none',
  loops: ({ kernel }, { tile, turned }, store, lanes) => {
    const [inputs, outputs] = kernel.shape.slice(2).map(Number);
    const [channels = 0, filters = 0] = turned ? [outputs, inputs] : [inputs, outputs];
    return kernelLoops({ tile: tile === 2 ? 2 : 4, kernel, turned, channels, filters, store, lanes });
  },
  samples: [
    { operands: { kernel: { shape: [3, 3, 2, 8] } }, attributes: { tile: 2 } },
    { operands: { kernel: { shape: [3, 3, 3, 15] } }, attributes: { tile: 4 } },
    { operands: { kernel: { shape: [3, 3, 18, 2] } }, attributes: { tile: 4, turned: true } },
    { operands: { kernel: { shape: [3, 3, 1, 2] } }, attributes: { tile: 2 } },
  ],
});
