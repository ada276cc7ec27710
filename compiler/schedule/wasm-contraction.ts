/**
 * Contractions for WASM SIMD. The last axis of the result (channels) lies in vectors, another one (pixels, rows, the input
 * channels of a weight gradient) makes tiles of four, so that 4 x 8 sums stay in eight registers while the reduction runs.
 * Weights are copied once per block of channels into the order in which they are read. Where windows reach over an edge, the
 * edge becomes loops of its own: inside, all bounds are constants.
 */
import { loadsOf, strideAlong } from '../loop/accesses.ts';
import type { Axis, Buffer, For, Kernel } from '../loop/ir.ts';
import { findLoop, isWhole } from '../loop/transform/find.ts';
import { requires } from '../loop/transform/step-error.ts';
import type { Nest } from './nest.ts';
import { boundsDependOn, nestOf } from './nest.ts';
import type { Scheduling } from './steps.ts';
import { axesOfRange } from '../loop/rewrite.ts';
import { commonRange, isContiguous, middleOf } from './access.ts';
import { stageOperand, stageWeights } from './wasm-stage.ts';
import type { LanePart } from './wasm-tile.ts';
import {
  balanced,
  divide,
  extentOf,
  laneParts,
  loopsInside,
  mayRepeat,
  placesOfWindow,
  widest,
} from './wasm-tile.ts';

/** Sums kept in registers at once, in vectors. */
const accumulators = 8;
const sumsOf = ({ choice }: Scheduling, usual = accumulators): number => choice.sums ?? usual;
const vectorsOf = ({ choice }: Scheduling, usual = widest): number => choice.vectors ?? usual;
/** Vectors at once where the weights of as many channels stay in the first cache: without a window. */
const widestWithoutWindow = 4;
/** Vectors at once where neither tiles nor a long reduction need registers. */
const widestWindow = 4;
/** Bytes of a sample that stay in the cache between two readings. */
const cached = 200 * 1024;

/** The roles of the axes of a result. */
interface Roles {
  /** Axis along vectors. */
  readonly lane: string;
  /** Static axis along which tiles are made; undefined: there is none. */
  readonly pixel: string | undefined;
  /** Axes that run over other places, from the outside, with `pixel`. */
  readonly outer: readonly string[];
  /** Another axis whose edges have other bounds, if `pixel` has edges. */
  readonly edge: string | undefined;
  /** Whether the blocks of channels go outside, so that the weights of one can be copied. */
  readonly outermost: boolean;
  /** Whether the nest runs once per sample and adds to the output. */
  readonly streamed: boolean;
  /** Sums in registers at once, in vectors. */
  readonly sums: number;
}

/** Schedules the nest, which is all of the kernel or the body of one loop. False where nothing is contiguous: it stays as it is. */
export function scheduleContraction(
  s: Scheduling,
  nest: Nest,
  options: { readonly tiling: boolean; readonly streamed: boolean },
): boolean {
  const lane = nest.outer.findLast(({ axis }) => axis.extent !== 'N' && isContiguous(nest.body, axis));
  if (lane === undefined || !isWhole(lane) || boundsDependOn(nest, lane.axis)) return false;
  const others = nest.outer.filter((loop) => loop !== lane);
  const pixel = options.tiling ? (pixelLoop(nest, others) ?? clippedLoop(s, nest, others)) : undefined;
  const edge =
    pixel !== undefined && boundsDependOn(nest, pixel.axis)
      ? others.find((loop) => loop !== pixel && isStatic(loop) && boundsDependOn(nest, loop.axis))
      : undefined;
  const shared = sharesChannels(nest, lane.axis);
  const window =
    shared || pixel === undefined || options.streamed ? undefined : placesOfWindow(nest, pixel.axis);
  const roles: Roles = {
    lane: lane.axis.name,
    pixel: pixel?.axis.name,
    outer: others.map(({ axis }) => axis.name),
    edge: edge?.axis.name,
    streamed: options.streamed,
    outermost: options.tiling && shared,
    sums: sumsOf(s, window),
  };
  const batch = others.find(({ axis }) => axis.extent === 'N');
  if (options.tiling && batch !== undefined && others.length === 1) rowsOfBatch(s, roles, batch);
  else if (pixel !== undefined) {
    const withoutWindow = nest.inner.length === 1 && !options.streamed;
    channels(s, roles, vectorsOf(s, withoutWindow ? widestWithoutWindow : window === undefined ? widest : 1));
  } else channels(s, roles, options.tiling || others.length === 0 ? sumsOf(s) : widestWindow);
  return true;
}

/** Whether all channels of the result are made of the same elements of an operand; those of a depthwise convolution are not. */
function sharesChannels({ inner }: Nest, lane: Axis): boolean {
  return loadsOf(inner).some(
    ({ buffer, index }) => buffer.space === 'global' && strideAlong(buffer, index, lane) === 0,
  );
}

const isStatic = (loop: For): boolean => loop.axis.extent !== 'N' && isWhole(loop);

/** The innermost axis with at least two places whose bounds are known at its middle. */
function pixelLoop(nest: Nest, others: readonly For[]): For | undefined {
  return others.findLast((loop) => {
    if (!isStatic(loop)) return false;
    if (!boundsDependOn(nest, loop.axis)) return true;
    const middle = middleOf(nest, loop.axis);
    return middle !== undefined && middle.to - middle.from > 1;
  });
}

/**
 * Where the bounds of the reduction differ at every place of an axis, as those of a padded weight gradient do from tap to
 * tap: the reduction is divided into ends that differ and a middle that does not.
 */
function clippedLoop(s: Scheduling, nest: Nest, others: readonly For[]): For | undefined {
  const loop = others.findLast((other) => isStatic(other) && boundsDependOn(nest, other.axis));
  if (loop === undefined) return undefined;
  const clipped = s.transaction(() => {
    for (const inner of nest.inner) {
      if (!axesOfRange(inner.range).has(loop.axis)) continue;
      const common = commonRange(inner, loop.axis);
      requires(common !== undefined && common.to > common.from, `${inner.axis.name} has no middle`);
      s.apply({ step: 'clip', axis: inner.axis.name, ...common });
    }
    s.apply({ step: 'simplify' });
  });
  return clipped ? loop : undefined;
}

/** Rows of a batch in blocks of four; the rows left, one by one with wide tiles. */
function rowsOfBatch(s: Scheduling, roles: Roles, batch: For): void {
  const { name } = batch.axis;
  const names = {
    block: `${name}_block`,
    inner: `${name}_tile`,
    rest: `${name}_rest`,
    suffix: '_r',
  };
  s.apply({ step: 'split_batch', axis: name, size: 4, ...names });
  const rest = {
    ...roles,
    lane: `${roles.lane}_r`,
    outer: [`${names.block}s`, names.rest],
    pixel: undefined,
  };
  channels(s, { ...roles, outer: [names.block, names.inner], pixel: names.inner }, vectorsOf(s));
  channels(s, rest, sumsOf(s));
}

/** Divides the channels into blocks and makes them the outermost loop. */
function channels(s: Scheduling, roles: Roles, vectors: number): void {
  const { lane, outer } = roles;
  const parts = laneParts(extentOf(s.kernel, lane), vectors, mayRepeat(s.kernel));
  // A rest whose bounds depend on the number of blocks stays inside of it.
  const movable = outer.length > 0 && !outer.some((name) => name.endsWith('_rest'));
  // Several parts cannot have the same tiles around them.
  const outermost = movable && (roles.outermost || (roles.pixel !== undefined && parts.length > 1));
  if (outermost) s.apply({ step: 'reorder', axes: [lane, ...outer] });
  const names = divide(s, lane, parts);
  parts.forEach((part, i) => {
    const own = parts.length === 1 ? '' : part.suffix;
    const renamed: Roles = outermost
      ? {
          lane: names[i] as string,
          pixel: roles.pixel === undefined ? undefined : roles.pixel + own,
          outer: outer.map((name) => name + own),
          edge: roles.edge === undefined ? undefined : roles.edge + own,
          streamed: roles.streamed,
          sums: roles.sums,
          outermost,
        }
      : { ...roles, lane: names[i] as string, outermost };
    channelBlock(s, renamed, part);
  });
}

function channelBlock(s: Scheduling, roles: Roles, part: LanePart): void {
  const { lane, outer, sums } = roles;
  let inner = lane;
  if (part.vectors > 0) {
    const size = part.vectors * 4;
    inner = `${lane}_in`;
    const block = `${lane}_block`;
    const { stride } = part;
    s.apply({
      step: 'split',
      axis: lane,
      size: stride === undefined ? size : part.extent,
      block,
      inner,
      rest: `${lane}_rest`,
    });
    sinkLanes(s, [inner], outer);
    if (roles.outermost) stageWeights(s, block, inner, outer);
    const [vector, within] = [`${lane}_vec`, `${lane}_lane`];
    if (stride !== undefined) {
      s.apply({
        step: 'overlap',
        axis: inner,
        size: 4,
        stride,
        block: vector,
        inner: within,
      });
      return tiles(s, roles, { vectors: 2, axes: [vector, within], sums });
    }
    if (part.vectors > 1) {
      s.apply({
        step: 'split',
        axis: inner,
        size: 4,
        block: `${lane}_vec`,
        inner: `${lane}_lane`,
        rest: `${lane}_none`,
      });
      return tiles(s, roles, {
        vectors: part.vectors,
        axes: [`${lane}_vec`, `${lane}_lane`],
        sums,
      });
    }
    return tiles(s, roles, { vectors: 1, axes: [inner], sums });
  }
  sinkLanes(s, [lane], outer);
  tiles(s, roles, { vectors: 0, axes: [lane], sums });
}

/** Moves the loops inside of a block of channels inwards, past the loops over places. */
function sinkLanes(s: Scheduling, axes: readonly string[], outer: readonly string[]): void {
  const inside = loopsInside(s.kernel, axes[0] as string);
  const movable = outer.filter((name) => inside.includes(name));
  if (movable.length > 0) s.apply({ step: 'reorder', axes: [...movable, ...axes] });
}

/** Lanes of a block of channels: loops over vectors and inside of a vector; no vectors: single elements. */
interface Lanes {
  readonly vectors: number;
  readonly axes: readonly string[];
  readonly sums: number;
}

const renamedLanes = (lanes: Lanes, suffix: string): Lanes => ({
  ...lanes,
  axes: lanes.axes.map((name) => name + suffix),
});

/** Tiles of pixels; edges first become loops of their own. */
function tiles(s: Scheduling, { pixel, edge, outer, streamed }: Roles, lanes: Lanes): void {
  if (pixel === undefined) return innermost(s, undefined, lanes);
  const nest = nestWithin(s.kernel, pixel);
  const loop = findLoop(s.kernel, pixel);
  if (!nest.inner.length || !boundsDependOn(nest, loop.axis) || streamed)
    return tiled(s, pixel, lanes, streamed ? outer.filter((name) => name !== pixel) : []);
  const parts = edgeParts(s.kernel, pixel);
  if (edge !== undefined) s.attempt({ step: 'reorder', axes: [pixel, edge] });
  const names = divide(s, pixel, parts);
  s.apply({ step: 'simplify' });
  parts.forEach((part, i) => {
    const name = names[i] as string;
    const suffix = parts.length === 1 ? '' : part.suffix;
    const own = renamedLanes(lanes, suffix);
    const across = edge === undefined ? undefined : edge + suffix;
    if (part.middle) {
      if (across !== undefined) s.attempt({ step: 'reorder', axes: [across, name] });
      // An axis of one place is no loop any more.
      if (part.extent > 1) tiled(s, name, own);
      else innermost(s, undefined, own);
    } else if (across !== undefined) {
      edgeTiles(s, across, own);
    } else {
      innermost(s, undefined, own);
    }
  });
}

/** At the edges of one axis, tiles run along the other one, between its own edges. */
function edgeTiles(s: Scheduling, across: string, lanes: Lanes): void {
  const parts = edgeParts(s.kernel, across);
  const names = divide(s, across, parts);
  s.apply({ step: 'simplify' });
  parts.forEach((part, i) => {
    const own = parts.length === 1 ? lanes : renamedLanes(lanes, part.suffix);
    if (part.middle && part.extent > 1) tiled(s, names[i] as string, own);
    else innermost(s, undefined, own);
  });
}

interface EdgePart {
  readonly start: number;
  readonly extent: number;
  readonly suffix: string;
  readonly middle: boolean;
}

function edgeParts(kernel: Kernel, name: string): readonly EdgePart[] {
  const { axis } = findLoop(kernel, name);
  const extent = Number(axis.extent);
  const middle = middleOf(nestWithin(kernel, name), axis) ?? { from: 0, to: 0 };
  const parts = [
    { start: 0, extent: middle.from, suffix: '_a', middle: false },
    {
      start: middle.from,
      extent: middle.to - middle.from,
      suffix: '_m',
      middle: true,
    },
    {
      start: middle.to,
      extent: extent - middle.to,
      suffix: '_z',
      middle: false,
    },
  ];
  return parts.filter((part) => part.extent > 0);
}

const nestWithin = (kernel: Kernel, name: string): ReturnType<typeof nestOf> =>
  nestOf({ ...kernel, body: findLoop(kernel, name).body });

/** Divides the axis into tiles of nearly the same size and moves them inside of the reduction. */
function tiled(s: Scheduling, axis: string, lanes: Lanes, repeats: readonly string[] = []): void {
  const largest = Math.max(Math.floor(lanes.sums / Math.max(lanes.vectors, 1)), 1);
  const parts = balanced(extentOf(s.kernel, axis), largest);
  const names = divide(s, axis, parts);
  parts.forEach((part, i) => {
    const suffix = parts.length === 1 ? '' : part.suffix;
    const own = renamedLanes(lanes, suffix);
    const name = names[i] as string;
    if (part.size === 1) return innermost(s, undefined, own);
    const [block, tile] = [`${name}_block`, `${name}_tile`];
    s.apply({
      step: 'split',
      axis: name,
      size: part.size,
      block,
      inner: tile,
      rest: `${name}_rest`,
    });
    stagePixels(
      s,
      block,
      tile,
      repeats.map((repeat) => repeat + suffix),
    );
    innermost(s, tile, own);
  });
}

const bytesOfSample = ({ shape }: Buffer): number =>
  shape.reduce<number>((product, extent) => product * (extent === 'N' ? 1 : extent), 4);

/** So many tiles of four elements are copied together, the first number that fits: four are a line of the cache. */
const tilesAtOnce = [4, 2];

/**
 * Where blocks of the tiled axis are read again and again (by the taps of a weight gradient), a few are copied first: from
 * then on their elements lie side by side.
 */
function stagePixels(s: Scheduling, block: string, tile: string, repeats: readonly string[]): void {
  const { axis } = findLoop(s.kernel, tile);
  if (repeats.length === 0) return;
  const load = loadsOf(findLoop(s.kernel, tile).body).find(
    ({ buffer, index }) => buffer.space === 'global' && strideAlong(buffer, index, axis) === 1,
  );
  if (load === undefined || bytesOfSample(load.buffer) < cached) return;
  const size = tilesAtOnce.find((count) => extentOf(s.kernel, block) % count === 0) ?? 1;
  const [many, each] = [`${block}_many`, `${block}_each`];
  s.transaction(() => {
    s.apply({ step: 'split', axis: block, size, block: many, inner: each, rest: `${block}_rest` });
    s.apply({ step: 'reorder', axes: [many, ...repeats, each, tile] });
    requires(stageOperand(s, load, many, tile), 'it cannot be copied');
  });
}

/** Moves lanes, vectors and tile inside of all loops of the reduction. */
function innermost(s: Scheduling, tile: string | undefined, { vectors, axes }: Lanes): void {
  const within = (axis: string): readonly string[] => loopsInside(s.kernel, axis);
  const [outer, lane] = axes.length === 2 ? axes : [undefined, axes[0]];
  const name = lane as string;
  s.apply({
    step: 'jam',
    axis: name,
    through: within(name),
    mode: vectors > 0 ? 'vectorize' : 'unroll',
  });
  if (outer !== undefined)
    s.apply({
      step: 'jam',
      axis: outer,
      through: within(outer),
      mode: 'unroll',
    });
  if (tile === undefined) return;
  // The vectors stay innermost: an element of x meets both of them while it is in a register.
  const through = within(tile).filter((axis) => outer === undefined || !axis.startsWith(outer));
  s.apply({ step: 'jam', axis: tile, through, mode: 'unroll' });
}
