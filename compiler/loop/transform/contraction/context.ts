/** What the parts of a tiled contraction have in common. */
import type { Dimension } from '../../bound.ts';
import { dimensions } from '../../bound.ts';
import { affine, mentions } from '../../affine.ts';
import { denseBuffer } from '../../builder.ts';
import type { Affine, Axis, Buffer, Condition, Kernel, Stmt } from '../../ir.ts';
import { namesBeside } from '../find.ts';
import { lanes } from '../vectorize.ts';
import type { At } from './held.ts';
import { inLanes } from './held.ts';
import type { ContractionNest } from './nest.ts';
import type { AxisTile, Place } from './places.ts';
import { placeOf } from './places.ts';
import type { Points, SumTile } from './points.ts';
import { pointsOf } from './points.ts';

export interface ContractionTile {
  /** How the axes of the result are divided, outermost first; those that are not named: one place per workgroup. */
  readonly places: readonly AxisTile[];
  /** How the axes of the sum are divided; the others are loops of each thread. */
  readonly sum?: readonly SumTile[];
  /** How many of the innermost axes of the sum are inside of one block of operands. */
  readonly inner?: number;
  /** Whether blocks of both operands are copied into workgroup memory. */
  readonly shared?: boolean;
}

export interface ThreadAxis {
  readonly axis: Axis;
  readonly dimension: Dimension;
}

export interface Context {
  readonly nest: ContractionNest;
  readonly places: readonly Place[];
  readonly points: Points;
  /** Axes over the sums of one thread that are written out, and the one in the lanes of a vector. */
  readonly elements: readonly Axis[];
  readonly lane: Axis | undefined;
  /** The sums of one thread, in registers. */
  readonly sums: Buffer;
  /** Those that count fastest first. */
  readonly threads: readonly ThreadAxis[];
  readonly unique: (name: string) => string;
}

export function contextOf(kernel: Kernel, nest: ContractionNest, tile: ContractionTile): Context {
  const unique = namesBeside({ ...kernel, body: nest.epilogue });
  for (const { axis } of nest.reduction) unique(axis.name);
  const places = nest.outer.map(({ axis }) => {
    const own = tile.places.find((each) => each.axis === axis.name) ?? { axis: axis.name };
    return placeOf(axis, own, unique);
  });
  const elements = places.flatMap((place) =>
    place.element === undefined || place.tile.lanes === true ? [] : [place.element],
  );
  const lane = places.find((place) => place.tile.lanes)?.element;
  const threads = places.flatMap((place) => place.threads);
  const points = pointsOf(nest, {
    places: new Map(places.map(({ source, whole }) => [source, whole])),
    varying: new Set([
      ...places.flatMap(({ element }) => element ?? []),
      ...(tile.shared === true ? threads.map(({ axis }) => axis) : []),
    ]),
    tiles: tile.sum ?? [],
    inner: tile.inner ?? 0,
    unique,
  });
  const all = points.parts === undefined ? threads : [...threads, points.parts];
  const extents = elements.map(({ extent }) => extent);
  return {
    nest,
    places,
    points,
    elements,
    lane,
    sums: denseBuffer(
      unique(nest.sum.name),
      'f32',
      lane === undefined ? extents : [...extents, lanes],
      'register',
    ),
    threads: dimensions.flatMap((dimension) => all.filter((thread) => thread.dimension === dimension)),
    unique,
  };
}

/** Where a sum of a thread is. */
export function sumAt({ elements }: Context, at: At, lane: Axis | undefined): readonly Affine[] {
  const places = elements.map((axis) => affine(at.get(axis) ?? 0));
  return lane === undefined ? places : [...places, affine(lane)];
}

/** What is done for each of some sums of a thread, in lanes where there are such. */
export function forSums(
  { lane, unique }: Context,
  each: readonly At[],
  make: (at: At, lane: Axis | undefined) => readonly Stmt[],
): readonly Stmt[] {
  if (lane === undefined) return each.flatMap((at) => make(at, undefined));
  return [inLanes(lane, unique, (over) => each.flatMap((at) => make(at, over)))];
}

/** Whether a condition differs between the sums of one thread. */
export const varies = ({ elements }: Context, { index }: Condition): boolean =>
  elements.some((axis) => mentions(index, axis));
