import type { Extent } from '../../base/types.ts';
import { fixedExtent } from '../../base/types.ts';
import { affine, isAffine, mentionsAny, sameAffine } from '../affine.ts';
import type { Affine, Axis, Buffer, Expr, For, Index, Kernel, Load, Stmt } from '../ir.ts';
import {
  axesOfRange,
  bodyOf,
  exprsOf,
  serial,
  substituteExpr,
  substituteStmts,
  visitExpr,
  visitStmts,
  withBody,
  withValue,
} from '../rewrite.ts';
import { isWhole, namesBeside } from './find.ts';

/**
 * for a in A { for b in B { … x[…, a, b, …] … } }  →  for a in A·B { … x[…, a, …] … }
 *
 * where every buffer is only ever indexed with a and b side by side and its elements lie in one row along both, and
 * nothing else depends on them. The buffers get the joined axis in place of two; axes of one element are left out. No
 * index is taken apart: the places stay the same elements in the same order.
 */
export function collapse(kernel: Kernel): Kernel {
  const squeezed = squeeze(kernel);
  return hasPair(squeezed.body) ? new Collapse(squeezed).run() : squeezed;
}

const hasPair = (body: readonly Stmt[]): boolean =>
  body.some((stmt) => (stmt.kind === 'for' && onlyLoop(stmt) !== undefined) || hasPair(bodyOf(stmt)));

/** Leaves out axes of one element, which are always read at 0. */
function squeeze(kernel: Kernel): Kernel {
  if (![...kernel.inputs, ...kernel.outputs].some(({ shape }) => shape.includes(1))) return kernel;
  return reshapeBuffers(kernel, (buffer) => {
    const kept = buffer.shape.flatMap((extent, i) => (extent === 1 ? [] : [i]));
    if (kept.length === buffer.shape.length) return undefined;
    return {
      buffer: {
        ...buffer,
        shape: kept.map((i) => buffer.shape[i]!),
        strides: kept.map((i) => buffer.strides[i]!),
      },
      index: <T>(index: readonly T[]) => kept.map((i) => index[i]!),
    };
  });
}

interface Access {
  readonly buffer: Buffer;
  /** Changes with every pair that is joined. */
  index: readonly Index[];
}

/** What a buffer has become, and which of its axes left, one after the other. */
interface Shape {
  readonly shape: readonly Extent[];
  readonly strides: readonly number[];
  readonly left: readonly number[];
}

/** Joins pairs outside in and notes what becomes of loops and buffers; the kernel is rewritten once, at the end. */
class Collapse {
  readonly #kernel: Kernel;
  readonly #name: (wanted: string) => string;
  /** By the axes in their indices. */
  readonly #accesses = new Map<Axis, Access[]>();
  readonly #counts = new Map<Buffer, number>();
  readonly #usedOutsideOfIndices = new Set<Axis>();
  readonly #shapes = new Map<Buffer, Shape>();
  /** By the outer axis of a pair: what both became. */
  readonly #joined = new Map<Axis, { readonly inner: Axis; readonly axis: Axis }>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#name = namesBeside(kernel);
    visitStmts(kernel.body, (stmt) => {
      if (stmt.kind === 'store' || stmt.kind === 'accumulate') this.#note(stmt);
      if (stmt.kind === 'for')
        for (const axis of axesOfRange(stmt.range)) this.#usedOutsideOfIndices.add(axis);
      if (stmt.kind === 'if') for (const { index } of stmt.conditions) this.#use(index);
      for (const expr of exprsOf(stmt))
        visitExpr(expr, (e) => {
          if (e.kind === 'load') this.#note(e);
          if (e.kind === 'index') this.#use(e.index);
        });
    });
  }

  #use({ terms }: Affine): void {
    for (const { axis } of terms) this.#usedOutsideOfIndices.add(axis);
  }

  #note({ buffer, index }: Access): void {
    this.#counts.set(buffer, (this.#counts.get(buffer) ?? 0) + 1);
    const access: Access = { buffer, index };
    for (const place of index) {
      if ('clamped' in place) continue;
      for (const { axis } of place.terms) {
        const known = this.#accesses.get(axis);
        if (known === undefined) this.#accesses.set(axis, [access]);
        else if (known.at(-1) !== access) known.push(access);
      }
    }
  }

  run(): Kernel {
    this.#joinIn(this.#kernel.body);
    if (this.#joined.size === 0) return this.#kernel;
    const reshaped = reshapeBuffers(this.#kernel, (buffer) => {
      const now = this.#shapes.get(buffer);
      if (now === undefined) return undefined;
      const { shape, strides, left } = now;
      return {
        buffer: { ...buffer, shape, strides },
        index: <T>(index: readonly T[]) => left.reduce((rest, at) => rest.filter((_, i) => i !== at), index),
      };
    });
    return { ...reshaped, body: this.#rewritten(reshaped.body) };
  }

  #joinIn(body: readonly Stmt[]): void {
    for (const stmt of body) {
      if (stmt.kind === 'if') this.#joinIn(stmt.body);
      if (stmt.kind !== 'for') continue;
      let { axis } = stmt;
      let loop = stmt;
      for (let inner = onlyLoop(loop); inner !== undefined; inner = onlyLoop(loop)) {
        const places = this.#placesOf(axis, inner.axis);
        if (places === undefined) break;
        axis = this.#join(axis, inner.axis, places);
        loop = inner;
      }
      this.#joinIn(loop.body);
    }
  }

  /** Where both axes stand in each buffer, if they stand side by side in all accesses of it and nowhere else. */
  #placesOf(outer: Axis, inner: Axis): ReadonlyMap<Buffer, number> | undefined {
    if (this.#usedOutsideOfIndices.has(outer) || this.#usedOutsideOfIndices.has(inner)) return undefined;
    const accesses = this.#accesses.get(outer) ?? [];
    if (accesses.length !== (this.#accesses.get(inner) ?? []).length) return undefined;
    const places = new Map<Buffer, number>();
    const counts = new Map<Buffer, number>();
    for (const { buffer, index } of accesses) {
      const at = index.findIndex((place) => isAxis(place, outer));
      const alone = index.every((place, i) =>
        i === at
          ? true
          : at >= 0 && i === at + 1
            ? isAxis(place, inner)
            : !mentionsAny(place, [outer, inner]),
      );
      if (!alone || at < 0 || (places.get(buffer) ?? at) !== at) return undefined;
      if (!isRow(this.#shapes.get(buffer) ?? buffer, at, outer, inner)) return undefined;
      places.set(buffer, at);
      counts.set(buffer, (counts.get(buffer) ?? 0) + 1);
    }
    for (const [buffer, count] of counts) if (count !== this.#counts.get(buffer)) return undefined;
    return places;
  }

  #join(outer: Axis, inner: Axis, places: ReadonlyMap<Buffer, number>): Axis {
    const extent = fixedExtent(outer.extent) * fixedExtent(inner.extent);
    const axis: Axis = {
      name: this.#name(`${outer.name}${inner.name}`),
      extent,
    };
    for (const [buffer, at] of places) {
      const { shape, strides, left }: Shape = this.#shapes.get(buffer) ?? {
        ...buffer,
        left: [],
      };
      this.#shapes.set(buffer, {
        shape: shape.filter((_, i) => i !== at).map((e, i) => (i === at ? extent : e)),
        strides: strides.filter((_, i) => i !== at),
        left: [...left, at],
      });
    }
    const accesses = this.#accesses.get(outer) ?? [];
    for (const access of accesses) {
      const at = places.get(access.buffer);
      access.index = access.index.filter((_, i) => i !== at).map((p, i) => (i === at ? affine(axis) : p));
    }
    this.#accesses.set(axis, accesses);
    this.#joined.set(outer, { inner, axis });
    return axis;
  }

  #rewritten(body: readonly Stmt[]): readonly Stmt[] {
    return body.map((stmt): Stmt => {
      if (stmt.kind === 'if') return withBody(stmt, this.#rewritten(stmt.body));
      if (stmt.kind !== 'for') return stmt;
      let inside = stmt.body;
      let last: { readonly inner: Axis; readonly axis: Axis } | undefined;
      for (let next = this.#joined.get(stmt.axis); next !== undefined; next = this.#joined.get(next.axis)) {
        inside = bodyOf(inside[0]!);
        last = next;
      }
      const rewritten = this.#rewritten(inside);
      if (last === undefined) return withBody(stmt, rewritten);
      return serial(
        last.axis,
        substituteStmts(rewritten, {
          axes: new Map([[last.inner, affine(last.axis)]]),
        }),
      );
    });
  }
}

/** The loop that is all there is in a loop, where both are plain ones over whole axes of known size. */
function onlyLoop(loop: For): For | undefined {
  const [inner, more] = loop.body;
  if (inner?.kind !== 'for' || more !== undefined) return undefined;
  const fits = [loop, inner].every((l) => l.mode === 'serial' && isWhole(l) && l.axis.extent !== 'N');
  return fits ? inner : undefined;
}

function isRow(
  { shape, strides }: Pick<Buffer, 'shape' | 'strides'>,
  at: number,
  outer: Axis,
  inner: Axis,
): boolean {
  const extent = fixedExtent(inner.extent);
  return (
    shape[at] === outer.extent && shape[at + 1] === extent && strides[at] === (strides[at + 1] ?? 0) * extent
  );
}

const isAxis = (place: Index, axis: Axis): boolean => isAffine(place) && sameAffine(place, affine(axis));

interface Reshaped {
  readonly buffer: Buffer;
  readonly index: <T>(index: readonly T[]) => readonly T[];
}

/** The kernel with other shapes for some buffers and the same places under other indices. */
function reshapeBuffers(kernel: Kernel, reshape: (buffer: Buffer) => Reshaped | undefined): Kernel {
  const known = new Map<Buffer, Reshaped | undefined>();
  const lookup = (buffer: Buffer): Reshaped | undefined => {
    if (!known.has(buffer)) known.set(buffer, reshape(buffer));
    return known.get(buffer);
  };
  const load = (e: Load): Expr => {
    const found = lookup(e.buffer);
    return found === undefined ? e : { ...e, buffer: found.buffer, index: found.index(e.index) };
  };
  const stmts = (body: readonly Stmt[]): readonly Stmt[] => body.map(reshaped);
  const reshaped = (stmt: Stmt): Stmt => {
    switch (stmt.kind) {
      case 'for':
      case 'if':
        return withBody(stmt, stmts(stmt.body));
      case 'let':
        return withValue(stmt, substituteExpr(stmt.value, { load }));
      case 'alloc':
        return { ...stmt, buffer: buffer(stmt.buffer) };
      case 'store':
      case 'accumulate': {
        const found = lookup(stmt.buffer);
        const value = substituteExpr(stmt.value, { load });
        if (found === undefined) return withValue(stmt, value);
        const index: readonly Affine[] = found.index(stmt.index);
        return { ...stmt, buffer: found.buffer, index, value };
      }
      case 'barrier':
      case 'all_reduce':
        return stmt;
      default:
        return stmt satisfies never;
    }
  };
  const buffer = (b: Buffer): Buffer => lookup(b)?.buffer ?? b;
  return {
    ...kernel,
    inputs: kernel.inputs.map(buffer),
    outputs: kernel.outputs.map(buffer),
    body: stmts(kernel.body),
  };
}
