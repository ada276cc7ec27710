import type { Location } from '../base/source.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import type { ConvolutionForm, Padding } from '../graph/op.ts';
import { winogradConv2d, winogradKernel } from '../ops/index.ts';
import type { Windows } from '../ops/support/window.ts';
import { sizeAt, windowsOver } from '../ops/support/window.ts';
import type { Tile } from '../ops/support/winograd/tile.ts';
import { expectedError, mostChannels, taps, tileOf } from '../ops/support/winograd/tile.ts';
import type { Pass } from './pass.ts';
import { rebuild } from './rewrite.ts';
import { chooseTile } from './winograd-cost.ts';

/** A convolution of stride 1 with a 3x3 kernel. */
interface Convolution {
  readonly x: Value;
  readonly kernel: Value;
  /** Whether the kernel is turned by 180 degrees, its channels and filters changing places. */
  readonly turned: boolean;
  readonly channels: number;
  readonly filters: number;
  readonly windows: Windows;
}

/** Zeros before the first row and column, of a 3x3 kernel and stride 1. */
function zerosBefore(
  { operands: [x], type, attributes }: Node,
  { turned }: ConvolutionForm,
): [number, number] {
  const size = sizeAt(turned ? type.shape : (x?.type.shape ?? []), 1);
  const [h, w] = windowsOver(size, [taps, taps], [1, 1], attributes['padding'] as Padding);
  return turned ? [taps - 1 - h.before, taps - 1 - w.before] : [h.before, w.before];
}

export const winograd: Pass = {
  name: 'winograd',
  doc: 'Computes 3x3 convolutions of stride 1 in tiles of 2x2 or 4x4 results with fewer multiplications, where a cost model of their shapes says that it pays. The transformed kernels are nodes of their own, which hoist then prepares.',
  run: (graph, target) => {
    if (!target.winograd) return graph;
    const trained = graph.updates.length > 0;
    return rebuild(graph, (node, g) => {
      const convolution = convolutionOf(node);
      const tile = convolution === undefined ? undefined : chooseTile({ ...convolution, trained });
      return convolution === undefined || tile === undefined ? g.append(node) : inTiles(g, convolution, tile);
    });
  },
};

function convolutionOf(node: Node): Convolution | undefined {
  const form = node.op.convolution;
  const [x, kernel] = node.operands;
  if (form === undefined || x === undefined || kernel === undefined) return undefined;
  const { strides, groups } = node.attributes;
  const [rows, columns, inputs, outputs] = kernel.type.shape.map(Number);
  const [channels = 0, filters = 0] = form.turned ? [outputs, inputs] : [inputs, outputs];
  const plain = String(strides) === '1,1' && groups === 1 && rows === taps && columns === taps;
  if (!plain || channels > mostChannels) return undefined;
  const padding = zerosBefore(node, form);
  if (padding.some((zeros) => zeros < 0)) return undefined;
  const windows = windowsOver(sizeAt(x.type.shape, 1), [taps, taps], [1, 1], padding);
  const [height, width] = sizeAt(node.type.shape, 1);
  if (windows[0].output !== height || windows[1].output !== width) return undefined;
  return { x, kernel, turned: form.turned, channels, filters, windows };
}

function inTiles(g: GraphBuilder, { x, kernel, turned, filters, windows }: Convolution, tile: Tile): Node {
  const transformed = g.emit(winogradKernel, { kernel }, { tile, turned });
  const padding = [windows[0].before, windows[1].before];
  return g.emit(winogradConv2d, { x, kernel: transformed }, { filters, padding });
}

/** A convolution that is computed in tiles. */
interface WinogradLayer {
  readonly location: Location | undefined;
  readonly tile: Tile;
  /** Height and width of the result. */
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly filters: number;
  /** Expected root mean square of the rounding error, relative to that of the results. */
  readonly error: number;
}

/** The convolutions of a graph that the pass chose. */
export function winogradLayers({ nodes }: Graph): readonly WinogradLayer[] {
  return nodes.flatMap((node): readonly WinogradLayer[] => {
    const [x, kernel] = node.operands;
    const tile = tileOf(Number(kernel?.type.shape[1]));
    if (node.op !== winogradConv2d || x === undefined || tile === undefined) return [];
    const [channels, filters] = [Number(x.type.shape[3]), Number(node.type.shape[3])];
    const error = expectedError(tile, channels);
    return [{ location: node.location, tile, size: sizeAt(node.type.shape, 1), channels, filters, error }];
  });
}
