import { loadsOf } from '../accesses.ts';
import { addAffine, affine, isAffine, subAffine } from '../affine.ts';
import { alwaysInside, boundsOf } from '../bounds.ts';
import { denseBuffer } from '../builder.ts';
import type { Affine, Axis, Buffer, Kernel, Stmt } from '../ir.ts';
import { loopsOver, substituteStmts } from '../rewrite.ts';
import { loopAxes, namesBeside, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

export interface Staging {
  /** The operand. */
  readonly buffer: string;
  /** The loop of which each iteration copies what it reads. */
  readonly at: string;
  /** The axes of the operand along which an iteration reads several places, in the order of the copy. */
  readonly order: readonly number[];
  /** Of the copying loops. */
  readonly names: readonly string[];
}

/**
 * for a { … x[f(a), g(a, b)] … }  →  for a { alloc s[B]; for b' in B { s[b'] = x[f(a), low + b'] }; … s[g(a, b) - low] … }
 *
 * Copies the part of an operand that one iteration reads into scratch memory, in an order of its own: a box that holds all
 * places that the loops inside may reach. Worth it where each element is read many times, and not in a row.
 */
export function stage(kernel: Kernel, { buffer, at, order, names }: Staging): Kernel {
  const unique = namesBeside(kernel);
  return replaceLoops(kernel, at, (loop) => {
    const loads = affineLoads(loop.body, buffer);
    const [load] = loads;
    const inside = new Set(loopAxes(loop.body));
    const dimensions = load.index.map((_, i) => {
      const places = loads.map(({ index }) => index[i] ?? affine(0));
      return hullOf(places, load.buffer.shape[i] ?? 0, inside);
    });
    const moving = dimensions.flatMap(({ extent }, i) => (extent === 1 ? [] : [i]));
    requires(
      moving.length === order.length && moving.every((i) => order.includes(i)),
      `${buffer} is read along the axes ${moving.join(', ')}`,
    );
    const axes = order.map((i, at): Axis => {
      return { name: unique(names[at] ?? `${buffer}_copy`), extent: dimensions[i]?.extent ?? 1 };
    });
    const extents = axes.map(({ extent }) => extent);
    const staged = denseBuffer(unique(`${buffer}_staged`), load.buffer.dtype, extents, 'scratch');
    const from = dimensions.map(({ low }, i) => {
      const axis = axes[order.indexOf(i)];
      return axis === undefined ? low : addAffine(low, axis);
    });
    const copy: Stmt = {
      kind: 'store',
      buffer: staged,
      index: axes.map(affine),
      value: { ...load, index: from },
    };
    const body = substituteStmts(loop.body, {
      load: (e) => {
        if (e.buffer !== load.buffer) return e;
        const places = e.index.filter(isAffine);
        const index = order.map((i) => subAffine(places[i]!, dimensions[i]?.low ?? 0));
        return { ...e, buffer: staged, index };
      },
    });
    const copying = loopsOver(axes, [copy]);
    return [{ ...loop, body: [{ kind: 'alloc', buffer: staged }, ...copying, ...body] }];
  });
}

/** Places along one axis of the operand: from `low`, which is the same in all of an iteration, `extent` of them. */
interface Dimension {
  readonly low: Affine;
  readonly extent: number;
}

/** All places of several loads along one axis. The copy never leaves the operand, though boxes may be larger than what is read. */
function hullOf(places: readonly Affine[], shape: number | 'N', inside: ReadonlySet<Axis>): Dimension {
  const parts = places.map((place) => dimensionOf(place, shape, inside));
  const [first] = parts;
  requires(first !== undefined, 'something is read');
  const offsets = parts.map(({ low }) => {
    const offset = subAffine(low, first.low);
    requires(offset.terms.length === 0, 'the places that are read lie apart');
    return offset.constant;
  });
  const from = Math.min(...offsets);
  const to = Math.max(...parts.map(({ extent }, i) => (offsets[i] ?? 0) + extent));
  return { low: addAffine(first.low, from), extent: to - from };
}

/** Loops inside may run over a part of their axes only; the copy never leaves the operand. */
function dimensionOf(place: Affine, shape: number | 'N', inside: ReadonlySet<Axis>): Dimension {
  const moving = place.terms.filter(({ axis }) => inside.has(axis));
  if (moving.length === 0) return { low: place, extent: 1 };
  const fixed: Affine = {
    constant: place.constant,
    terms: place.terms.filter((term) => !moving.includes(term)),
  };
  const { low, high } = boundsOf({ constant: 0, terms: moving });
  requires(shape !== 'N' && Number.isFinite(low) && Number.isFinite(high), 'a batch is not staged');
  if (fixed.terms.length > 0) {
    requires(alwaysInside(place, shape), 'an edge is not staged');
    return { low: addAffine(fixed, low), extent: high - low + 1 };
  }
  const first = Math.max(fixed.constant + low, 0);
  const last = Math.min(fixed.constant + high, shape - 1);
  return { low: affine(first), extent: last - first + 1 };
}

interface AffineLoad {
  readonly kind: 'load';
  readonly buffer: Buffer;
  readonly index: readonly Affine[];
}

/** The loads of the buffer of this name in a body, at least one. */
function affineLoads(body: readonly Stmt[], name: string): readonly [AffineLoad, ...AffineLoad[]] {
  const [first, ...more] = loadsOf(body)
    .filter(({ buffer }) => buffer.name === name)
    .map((load): AffineLoad => {
      const index = load.index.filter(isAffine);
      requires(index.length === load.index.length, `${name} is read at a computed place`);
      return { ...load, index };
    });
  requires(first !== undefined, `${name} is not read`);
  return [first, ...more];
}
