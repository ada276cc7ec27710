/** What a schedule for a GPU must know of a contraction: the roles of its axes, and how many places they have. */
import type { Extent } from '../base/types.ts';
import { elementCount } from '../base/types.ts';
import { strideAlong } from '../loop/accesses.ts';
import type { Axis, For, Kernel } from '../loop/ir.ts';
import { axesOfRange } from '../loop/rewrite.ts';
import type { ContractionNest, Factor } from '../loop/transform/contraction/nest.ts';
import { boundsOfLoop, contractionNest } from '../loop/transform/contraction/nest.ts';
import { isContiguous } from './access.ts';

/** Samples that a batch is taken to have where nobody knows: between one, to infer, and some dozens, to train. */
const assumedBatch = 16;

export interface RoleAxis {
  readonly name: string;
  readonly extent: Extent;
  /** With a batch of so many samples as the shape is for. */
  readonly count: number;
  /** Windows move by so many places at every place. */
  readonly step: number;
}

export interface ContractionShape {
  /** The axis of the result whose elements lie side by side. */
  readonly channel: RoleAxis;
  /** Whether four channels can be the lanes of a vector. */
  readonly lanes: boolean;
  /** The axis whose places share the elements of an operand; absent: there is none. */
  readonly pixel?: RoleAxis;
  /** Another such axis. */
  readonly row?: RoleAxis;
  readonly others: readonly RoleAxis[];
  /** Axes of the sum, outermost first; `whole`: the same points everywhere. */
  readonly sum: readonly (RoleAxis & { readonly whole: boolean })[];
  /** Elements of all operands: of one sample, if a workgroup has only one. */
  readonly elements: number;
  /** Whether all channels are made of the same elements of an operand; those of a depthwise convolution are not. */
  readonly sharesChannels: boolean;
  /** The operand that has channels has pixels or rows, too: a block of it holds all of their pairs. */
  readonly pairs: boolean;
  /** That operand has points of the innermost axis of the sum, or pixels, side by side. */
  readonly pointsInRow: boolean;
  readonly pixelsInRow: boolean;
  /** So has the other one points: its rows are the columns of a matrix. */
  readonly turned: boolean;
}

/** `batch`: samples that it mostly runs on. */
export function contractionShape(kernel: Kernel, batch = assumedBatch): ContractionShape | undefined {
  const nest = contractionNest(kernel.body);
  if (nest === undefined) return undefined;
  const channel = nest.outer.findLast(({ axis }) => axis.extent !== 'N' && isContiguous(nest.epilogue, axis));
  const last = nest.reduction.at(-1);
  if (channel === undefined || last === undefined) return undefined;
  const moving = nest.factors.filter((factor) => stride(factor, channel.axis) !== 0);
  const still = nest.factors.find((factor) => !moving.includes(factor));
  const lanes =
    Number(channel.axis.extent) % 4 === 0 &&
    !nest.reduction.some(({ range }) => axesOfRange(range).has(channel.axis)) &&
    moving.every((factor) => stride(factor, channel.axis) === 1);
  const others = nest.outer.filter((loop) => loop !== channel);
  // With the right step between the places of a block, weights that move with a place are the same for all of them.
  const places = others.filter(
    ({ axis }) => nest.factors.some((factor) => stride(factor, axis) === 0) || stepOf(axis, nest) > 1,
  );
  const pixel = places.findLast(({ axis }) => axis.extent !== 'N') ?? places.at(-1);
  const row = places.findLast((loop) => loop !== pixel && loop.axis.extent !== 'N');
  // Where the batch is neither in a tile nor in the sum, a workgroup has one sample.
  const samples = others.some((loop) => loop !== pixel && loop.axis.extent === 'N') ? 1 : batch;
  const role = ({ axis }: For): RoleAxis => roleOf(axis, nest, batch);
  return {
    channel: role(channel),
    lanes,
    ...(pixel && { pixel: role(pixel) }),
    ...(row && { row: role(row) }),
    others: others.filter((loop) => loop !== pixel && loop !== row).map(role),
    sum: nest.reduction.map((loop) => ({ ...role(loop), whole: isConstant(loop) })),
    elements: nest.factors.reduce((sum, { load }) => sum + elementCount(load.buffer.shape, samples), 0),
    sharesChannels: still !== undefined,
    pairs: moving.some((factor) => [pixel, row].some((loop) => loop && stride(factor, loop.axis) !== 0)),
    pointsInRow: still !== undefined && stride(still, last.axis) === 1,
    pixelsInRow: still !== undefined && pixel !== undefined && stride(still, pixel.axis) === 1,
    turned: moving.length === 1 && moving.every((factor) => stride(factor, last.axis) === 1),
  };
}

const stride = ({ load }: Factor, axis: Axis): number => strideAlong(load.buffer, load.index, axis);

function roleOf(axis: Axis, nest: ContractionNest, batch: number): RoleAxis {
  const { name, extent } = axis;
  const bounds = nest.reduction
    .filter((loop) => loop.axis === axis)
    .flatMap((loop) => boundsOfLoop(axis, loop.range, []));
  const windows = bounds.map(({ condition, from }) =>
    condition.extent === 'N' ? Infinity : Math.ceil(condition.extent / (from?.divisor ?? 1)),
  );
  const whole = extent === 'N' ? batch : extent;
  return { name, extent, count: Math.min(whole, ...windows), step: stepOf(axis, nest) };
}

/** How far a window of the sum over far fewer points moves with the axis; 1 for none. */
function stepOf(axis: Axis, { reduction }: ContractionNest): number {
  for (const loop of reduction)
    for (const { from, condition } of boundsOfLoop(loop.axis, loop.range, [])) {
      const divisor = from?.divisor ?? 1;
      const moves = from?.numerator.terms.some((term) => term.axis === axis) ?? false;
      const near = Number(condition.extent) / divisor < Number(loop.axis.extent) / 2;
      if (moves && near && divisor > 1) return divisor;
    }
  return 1;
}

const isConstant = ({ range }: For): boolean =>
  [...range.from, ...range.to].every((q) => q === 'N' || q.numerator.terms.length === 0);
