/** The loops of the sum of a tile. What differs between the sums that are made together cannot bound them: it becomes conditions. */
import { requires } from '../step-error.ts';
import { addAffine, affine, sameAffine, scaleAffine, subAffine } from '../../affine.ts';
import { alwaysHolds, boundsOf, boundsOfQuotient, wholeInterval } from '../../bounds.ts';
import type { Affine, Axis, Condition, Quotient, Range } from '../../ir.ts';
import { batchAxis } from '../../ir.ts';
import {
  quotient,
  substituteCondition,
  substituteIndex,
  substituteRange,
  wholeRange,
} from '../../rewrite.ts';
import type { Bound, ContractionNest } from './nest.ts';
import { boundsOfLoop, placesOf } from './nest.ts';
import type { Threads } from './places.ts';

/** How an axis of the sum is divided. */
export interface SumTile {
  readonly axis: string;
  /** Among threads, each of which makes a sum of its own. */
  readonly threads?: Threads;
  /** Into blocks of so many points. */
  readonly block?: number;
}

/** One loop of the sum. */
export interface PointLoop {
  readonly axis: Axis;
  readonly range: Range;
  /** The axis of the sum that it belongs to. */
  readonly source: Axis;
  /** Inside of one block of operands: runs over 0 … extent - 1. */
  readonly inner: boolean;
}

export interface Points {
  readonly loops: readonly PointLoop[];
  /** Threads that share one sum. */
  readonly parts?: { readonly axis: Axis; readonly dimension: Threads['dimension'] };
  /** Axes of the result and of the sum in terms of the new ones. */
  readonly axes: ReadonlyMap<Axis, Affine>;
  readonly conditions: readonly Condition[];
}

interface Options {
  /** Axes of the result in terms of new ones. */
  readonly places: ReadonlyMap<Axis, Affine>;
  /** Axes that no bound may depend on. */
  readonly varying: ReadonlySet<Axis>;
  readonly tiles: readonly SumTile[];
  /** How many of the innermost loops are over one block of operands. */
  readonly inner: number;
  readonly unique: (name: string) => string;
}

export function pointsOf(nest: ContractionNest, { places, varying, tiles, inner, unique }: Options): Points {
  const axes = new Map(places);
  const loops: PointLoop[] = [];
  const conditions: Condition[] = [];
  let parts: Points['parts'];
  const add = (axis: Axis, range: Range, source: Axis, isInner: boolean): void => {
    loops.push({ axis, range, source, inner: isInner });
  };
  const all = (): readonly Affine[] =>
    nest.factors.flatMap(placesOf).map((place) => substituteIndex(place, { axes }));
  nest.reduction.forEach(({ axis, range: original }, i) => {
    const isInner = i >= nest.reduction.length - inner;
    const tile = tiles.find((each) => each.axis === axis.name);
    const range = substituteRange(original, { axes });
    const bounds = boundsOfLoop(axis, range, all());
    if (tile?.threads !== undefined) {
      const { dimension, count } = tile.threads;
      const thread: Axis = { name: unique(`${axis.name}_part`), extent: count };
      const loop = dividedLoop(axis, count, unique);
      // Neighbours stay together where they can; how many there are of a batch is not known before it runs.
      const together = typeof loop.axis.extent === 'number';
      axes.set(
        axis,
        together
          ? addAffine(scaleAffine(thread, Number(loop.axis.extent)), loop.axis)
          : addAffine(scaleAffine(loop.axis, count), thread),
      );
      conditions.push({ index: affine(axis), extent: axis.extent }, ...bounds.map((b) => b.condition));
      add(loop.axis, loop.range, axis, false);
      parts = { axis: thread, dimension };
    } else if (tile?.block !== undefined) {
      requires(typeof axis.extent === 'number' && axis.extent % tile.block === 0, 'blocks are whole');
      const block: Axis = { name: unique(`${axis.name}_block`), extent: axis.extent / tile.block };
      const point: Axis = { name: unique(`${axis.name}_in`), extent: tile.block };
      axes.set(axis, addAffine(scaleAffine(block, tile.block), point));
      conditions.push(...bounds.map((b) => b.condition));
      add(block, wholeRange(block), axis, false);
      add(point, wholeRange(point), axis, true);
    } else if (isInner) {
      conditions.push(...bounds.map((b) => b.condition));
      add(axis, wholeRange(axis), axis, true);
    } else {
      const window = windowOf(axis, bounds, varying, unique);
      axes.set(axis, window.place);
      conditions.push(...window.conditions);
      add(window.axis, window.range, axis, false);
    }
  });
  const substituted = [...nest.conditions, ...conditions].map((c) => substituteCondition(c, { axes }));
  const open = substituted.filter((condition) => !alwaysHolds(condition));
  return { loops, ...(parts && { parts }), axes, conditions: open };
}

/** One loop in place of `count` of them side by side. */
function dividedLoop(
  { name, extent }: Axis,
  count: number,
  unique: (name: string) => string,
): { readonly axis: Axis; readonly range: Range } {
  const axis: Axis = {
    name: unique(`${name}_step`),
    extent: extent === 'N' ? 'N' : Math.ceil(extent / count),
  };
  if (extent !== 'N') return { axis, range: wholeRange(axis) };
  return { axis, range: { from: [quotient(0)], to: [quotient(addAffine(batchAxis, count - 1), count)] } };
}

interface Window {
  readonly axis: Axis;
  readonly range: Range;
  /** Of the axis that was. */
  readonly place: Affine;
  readonly conditions: readonly Condition[];
}

/** The loop over an axis, with those of its bounds that do not vary. Where all of few points vary, it runs along with them. */
function windowOf(
  axis: Axis,
  bounds: readonly Bound[],
  varying: ReadonlySet<Axis>,
  unique: (name: string) => string,
): Window {
  const free = bounds.filter((bound) => !dependsOn(bound, varying));
  const others = bounds.filter((bound) => !free.includes(bound));
  const moving = others
    .map((bound) => movingWindow(axis, bound, varying, unique))
    .filter((window) => window !== undefined)
    .toSorted((a, b) => Number(a.axis.extent) - Number(b.axis.extent))[0];
  const smallest = Math.min(...free.map(countOf));
  if (moving !== undefined && Number(moving.axis.extent) < smallest) {
    // Behind the end of the result, bounds that were left out as needless may be missing.
    const inside: Condition = { index: affine(axis), extent: axis.extent };
    const others = bounds.filter((bound) => bound !== moving.bound).map((bound) => bound.condition);
    const known = others.some(
      ({ index, extent }) => extent === inside.extent && sameAffine(index, inside.index),
    );
    return { ...moving, conditions: known ? others : [...others, inside] };
  }
  const range = { from: free.flatMap((b) => b.from ?? []), to: free.flatMap((b) => b.to ?? []) };
  const whole = wholeRange(axis);
  return {
    axis,
    range: {
      from: range.from.length === 0 ? whole.from : range.from,
      to: range.to.length === 0 ? whole.to : range.to,
    },
    place: affine(axis),
    conditions: others.map((bound) => bound.condition),
  };
}

function movingWindow(
  axis: Axis,
  bound: Bound,
  varying: ReadonlySet<Axis>,
  unique: (name: string) => string,
): (Window & { readonly bound: Bound }) | undefined {
  const { from, to } = bound;
  if (from === undefined || to === undefined || to === 'N') return undefined;
  const { divisor } = from;
  const terms = from.numerator.terms.filter((term) => varying.has(term.axis));
  if (terms.some(({ factor }) => factor % divisor !== 0)) return undefined;
  const base: Affine = {
    constant: 0,
    terms: terms.map((term) => ({ ...term, factor: term.factor / divisor })),
  };
  const moved = ({ numerator }: Quotient): Quotient =>
    quotient(subAffine(numerator, scaleAffine(base, divisor)), divisor);
  const { low } = boundsOfQuotient(moved(from), wholeInterval);
  const { high } = boundsOfQuotient(moved(to), wholeInterval);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return undefined;
  const lowered = (q: Quotient): Quotient => quotient(subAffine(q.numerator, low * divisor), divisor);
  const over: Axis = { name: unique(`${axis.name}_near`), extent: Math.max(high - low, 1) };
  return {
    axis: over,
    range: { from: [lowered(moved(from))], to: [lowered(moved(to))] },
    place: addAffine(addAffine(base, over), low),
    conditions: [],
    bound,
  };
}

const dependsOn = ({ from, to }: Bound, axes: ReadonlySet<Axis>): boolean =>
  [from, to].some(
    (q) => q !== undefined && q !== 'N' && q.numerator.terms.some(({ axis }) => axes.has(axis)),
  );

function countOf({ from, to }: Bound): number {
  if (from === undefined || to === undefined || to === 'N') return Infinity;
  return boundsOf(subAffine(to.numerator, from.numerator)).high / from.divisor;
}
