/** How the places of a result are divided among workgroups, threads and the sums of one thread. */
import { requires } from '../step-error.ts';
import { addAffine, affine, scaleAffine } from '../../affine.ts';
import type { Dimension } from '../../bound.ts';
import type { Affine, Axis, Condition, Range } from '../../ir.ts';
import { batchAxis } from '../../ir.ts';
import { quotient, wholeRange } from '../../rewrite.ts';

export interface Threads {
  readonly dimension: Dimension;
  readonly count: number;
}

/** How one axis of a result is divided. */
export interface AxisTile {
  readonly axis: string;
  /** Sums of one thread along the axis, 1 by default. */
  readonly each?: number;
  /** Those lie in the lanes of a vector: four neighbours. */
  readonly lanes?: boolean;
  /** Those of one thread lie apart, with those of all other threads between them, in place of side by side. */
  readonly apart?: boolean;
  /** Threads along the axis, those that count fastest first. */
  readonly threads?: readonly Threads[];
  /** Where the blocks go, alone or with those along other axes; absent: one after the other. */
  readonly workgroups?: Dimension;
  /** Only every so many-th place is in one block: those at which a window with this step meets the same taps. */
  readonly step?: number;
}

/** An axis of the result: origin + step * inside. */
export interface Place {
  readonly source: Axis;
  readonly tile: AxisTile;
  /** Over blocks, and over the places between steps; absent: there is one. */
  readonly block?: { readonly axis: Axis; readonly range: Range };
  readonly phase?: Axis;
  readonly threads: readonly { readonly axis: Axis; readonly dimension: Dimension }[];
  /** Over the sums of one thread. */
  readonly element?: Axis;
  /** The first place of a block, and how far apart its places are. */
  readonly origin: Affine;
  readonly step: number;
  /** Places of a block: 0 … size - 1. */
  readonly size: number;
  readonly inside: Affine;
  readonly whole: Affine;
  /** What keeps out places behind the end; absent: there are none. */
  readonly condition?: Condition;
}

export function placeOf(source: Axis, tile: AxisTile, unique: (name: string) => string): Place {
  const { each = 1, step = 1, lanes = false, apart = false } = tile;
  const { name, extent } = source;
  requires(!lanes || (each === 4 && !apart), `${name}: lanes are four neighbours`);
  const threads = (tile.threads ?? [])
    .filter(({ count }) => count > 1)
    .map(({ dimension, count }) => ({
      axis: { name: unique(`${name}_thread`), extent: count },
      dimension,
      count,
    }));
  const element: Axis | undefined =
    each === 1 ? undefined : { name: unique(lanes ? `${name}_lane` : `${name}_tile`), extent: each };
  const across = threads.reduce((product, { count }) => product * count, 1);
  const size = across * each;
  let inside = element === undefined ? affine(0) : scaleAffine(element, apart ? across : 1);
  let factor = apart ? 1 : each;
  for (const { axis, count } of threads) {
    inside = addAffine(inside, scaleAffine(axis, factor));
    factor *= count;
  }
  const phase: Axis | undefined = step === 1 ? undefined : { name: unique(`${name}_phase`), extent: step };
  const block = blockOf(source, size * step, unique);
  let origin = phase === undefined ? affine(0) : affine(phase);
  if (block !== undefined) origin = addAffine(scaleAffine(block.axis, size * step), origin);
  const whole = addAffine(origin, scaleAffine(inside, step));
  const fits = extent === 'N' ? size * step === 1 : extent % (size * step) === 0;
  requires(fits || !lanes || extent === 'N' || extent % 4 === 0, `${name} has no whole vectors`);
  return {
    source,
    tile,
    ...(block && { block }),
    ...(phase && { phase }),
    threads,
    ...(element && { element }),
    origin,
    step,
    size,
    inside,
    whole,
    ...(!fits && { condition: conditionOf(whole, extent, lanes ? element : undefined) }),
  };
}

function blockOf({ name, extent }: Axis, size: number, unique: (name: string) => string): Place['block'] {
  if (extent !== 'N' && extent <= size) return undefined;
  const axis: Axis = {
    name: unique(size === 1 ? name : `${name}_block`),
    extent: extent === 'N' ? 'N' : Math.ceil(extent / size),
  };
  if (extent !== 'N' || size === 1) return { axis, range: wholeRange(axis) };
  return { axis, range: { from: [quotient(0)], to: [quotient(addAffine(batchAxis, size - 1), size)] } };
}

/** Lanes are inside together: what holds for the first of them holds for all. */
function conditionOf(index: Affine, extent: Axis['extent'], lane: Axis | undefined): Condition {
  if (lane === undefined || extent === 'N') return { index, extent };
  return { index: { ...index, terms: index.terms.filter(({ axis }) => axis !== lane) }, extent: extent - 3 };
}
