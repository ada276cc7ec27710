/** How ops write their mathematics: `b.map(x.shape, (i) => b.max(x.at(i), 0))`. */
import { invariant } from '../base/invariant.ts';
import type { DType, Extent } from '../base/types.ts';
import type { AffineLike } from './affine.ts';
import { addAffine, affine, scaleAffine, subAffine } from './affine.ts';
import type { Definition, Let, Points } from './definition.ts';
import type {
  Affine,
  Axis,
  BinaryOp,
  Buffer,
  Combine,
  CompareOp,
  Condition,
  Expr,
  Index,
  UnaryOp,
} from './ir.ts';

/** Numbers stand for literals of the other operand's dtype (f32 where there is none). */
export type ExprLike = Expr | number;

/** An operand inside `lower`: its type and a way to read one element of it. */
export interface TensorReader {
  readonly shape: readonly Extent[];
  readonly dtype: DType;
  /** The element at `index`, one entry per axis. */
  at(index: readonly (AffineLike | { readonly clamped: Expr })[]): Expr;
  /**
   * The element that numpy broadcasting pairs with place `index` of a result: axes are aligned from the last,
   * extents of 1 and missing axes read place 0.
   */
  broadcast(index: readonly AffineLike[]): Expr;
}

/** A dense row-major buffer. */
export function denseBuffer(
  name: string,
  dtype: DType,
  shape: readonly Extent[],
  space: Buffer['space'] = 'global',
): Buffer {
  return { name, dtype, shape, strides: denseStrides(shape), offset: 0, space };
}

/** A register for one value. */
export const register = (name: string, dtype: DType): Buffer => denseBuffer(name, dtype, [], 'register');

/** Row-major strides; N is only ever outermost, so its extent enters no stride. */
export function denseStrides(shape: readonly Extent[]): readonly number[] {
  const strides: number[] = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) {
    const inner = shape[i + 1];
    invariant(typeof inner === 'number', 'N is only ever the outermost extent');
    strides[i] = (strides[i + 1] ?? 1) * inner;
  }
  return strides;
}

export function readerOf(buffer: Buffer): TensorReader {
  const at = (index: readonly (AffineLike | { readonly clamped: Expr })[]): Expr => {
    invariant(
      index.length === buffer.shape.length,
      `${buffer.name} has ${buffer.shape.length} axes, not ${index.length}`,
    );
    const places: Index[] = index.map((place) =>
      typeof place === 'object' && 'clamped' in place ? place : affine(place),
    );
    return { kind: 'load', buffer, index: places };
  };
  return {
    shape: buffer.shape,
    dtype: buffer.dtype,
    at,
    broadcast: (index) => {
      const aligned = index.slice(index.length - buffer.shape.length);
      return at(buffer.shape.map((extent, i) => (extent === 1 ? 0 : aligned[i]!)));
    },
  };
}

export function dtypeOf(expr: Expr): DType {
  switch (expr.kind) {
    case 'load':
      return expr.buffer.dtype;
    case 'index':
    case 'batch':
      return 'i32';
    case 'compare':
      return 'bool';
    case 'local':
      return expr.local.dtype;
    case 'literal':
    case 'unary':
    case 'binary':
    case 'select':
    case 'cast':
    case 'bitcast':
    case 'reduced':
      return expr.dtype;
    default:
      return expr satisfies never;
  }
}

/** What a definition runs through: `Definition.axes` and `Definition.index`. */
export type Space = Pick<Definition, 'axes' | 'index'>;

interface ReduceOptions {
  readonly init: number;
  readonly combine: Combine;
  readonly dtype?: DType;
  /** Axes of the reduction, outermost first; keys are their names. */
  readonly axes: readonly Axis[];
  readonly body: ExprLike;
  readonly where?: readonly Condition[];
  /** See `Reduction.more`. */
  readonly more?: readonly Points[];
}

export class DefinitionBuilder {
  #lets: Let[] = [];

  /** Names a value of the element under construction that is read more than once; use what it returns in its place. */
  let(name: string, value: Expr): Expr {
    const local = { name, dtype: dtypeOf(value) };
    this.#lets.push({ local, value });
    return { kind: 'local', local };
  }

  /** The definition's lets and element, made by `element` as it runs. */
  #element(element: () => Expr): Pick<Definition, 'lets' | 'element'> {
    this.#lets = [];
    const value = element();
    return this.#lets.length === 0 ? { element: value } : { lets: this.#lets, element: value };
  }

  axis(name: string, extent: Extent): Axis {
    return { name, extent };
  }

  /** One element per place of `shape`, no reduction. `element` gets one axis per extent. */
  map(
    shape: readonly Extent[],
    element: (axes: readonly Axis[]) => ExprLike,
    dtype: DType = 'f32',
  ): Definition {
    const axes = this.axesOf(shape);
    return { axes, ...this.#element(() => literalOr(element(axes), dtype)) };
  }

  /** One reduction per place of a shape or space; `finish` makes the element of the reduced value (default: itself). */
  reduce(
    space: readonly Extent[] | Space,
    reduction: (axes: readonly Axis[]) => ReduceOptions,
    finish: (reduced: Expr, axes: readonly Axis[]) => ExprLike = (reduced) => reduced,
  ): Definition {
    const places = 'axes' in space ? space : { axes: this.axesOf(space) };
    const { axes } = places;
    const { init, combine, axes: reduced, body, where = [], more, dtype = 'f32' } = reduction(axes);
    const expr = literalOr(body, dtype);
    return {
      ...places,
      reduce: { axes: reduced, init, combine, body: expr, where, ...(more && { more }) },
      ...this.#element(() => literalOr(finish({ kind: 'reduced', dtype: dtypeOf(expr) }, axes), dtype)),
    };
  }

  /** n for the batch axis, then i1, i2, …; h, w, c in a batch of images. */
  axesOf(shape: readonly Extent[]): readonly Axis[] {
    const images = shape.length === 4 && shape[0] === 'N';
    const names = images ? ['n', 'h', 'w', 'c'] : shape.map((_, i) => `i${i}`);
    return shape.map((extent, i) => ({ name: extent === 'N' ? 'n' : (names[i] ?? `i${i}`), extent }));
  }

  within(index: AffineLike, extent: Extent): Condition {
    return { index: affine(index), extent };
  }

  // Index arithmetic.
  plus(a: AffineLike, b: AffineLike): Affine {
    return addAffine(a, b);
  }
  minus(a: AffineLike, b: AffineLike): Affine {
    return subAffine(a, b);
  }
  times(a: AffineLike, factor: number): Affine {
    return scaleAffine(a, factor);
  }
  /** Index arithmetic as an i32 value. */
  value(index: AffineLike): Expr {
    return { kind: 'index', index: affine(index) };
  }
  /** The actual batch N as an i32 value. */
  batch(): Expr {
    return { kind: 'batch' };
  }

  // Scalar arithmetic.
  literal(value: number, dtype: DType = 'f32'): Expr {
    return { kind: 'literal', dtype, value };
  }
  unary(op: UnaryOp, x: Expr): Expr {
    return { kind: 'unary', op, dtype: op === 'isfinite' || op === 'not' ? 'bool' : dtypeOf(x), x };
  }
  binary(op: BinaryOp, a: ExprLike, b: ExprLike): Expr {
    const [x, y] = this.#pair(a, b);
    return { kind: 'binary', op, dtype: dtypeOf(x), a: x, b: y };
  }
  compare(op: CompareOp, a: ExprLike, b: ExprLike): Expr {
    const [x, y] = this.#pair(a, b);
    return { kind: 'compare', op, a: x, b: y };
  }
  select(condition: Expr, a: ExprLike, b: ExprLike): Expr {
    const [x, y] = this.#pair(a, b);
    return { kind: 'select', dtype: dtypeOf(x), condition, a: x, b: y };
  }
  cast(x: Expr, dtype: DType): Expr {
    return dtypeOf(x) === dtype ? x : { kind: 'cast', dtype, x };
  }
  bitcast(x: Expr, dtype: 'f32' | 'i32' | 'u32'): Expr {
    return { kind: 'bitcast', dtype, x };
  }

  add = (a: ExprLike, b: ExprLike): Expr => this.binary('add', a, b);
  sub = (a: ExprLike, b: ExprLike): Expr => this.binary('sub', a, b);
  mul = (a: ExprLike, b: ExprLike): Expr => this.binary('mul', a, b);
  div = (a: ExprLike, b: ExprLike): Expr => this.binary('div', a, b);
  min = (a: ExprLike, b: ExprLike): Expr => this.binary('min', a, b);
  max = (a: ExprLike, b: ExprLike): Expr => this.binary('max', a, b);
  neg = (x: Expr): Expr => this.unary('neg', x);
  exp = (x: Expr): Expr => this.unary('exp', x);
  log = (x: Expr): Expr => this.unary('log', x);
  sqrt = (x: Expr): Expr => this.unary('sqrt', x);
  abs = (x: Expr): Expr => this.unary('abs', x);
  floor = (x: Expr): Expr => this.unary('floor', x);

  #pair(a: ExprLike, b: ExprLike): [Expr, Expr] {
    if (typeof a === 'number' && typeof b === 'number') return [this.literal(a), this.literal(b)];
    const dtype = dtypeOf((typeof a === 'number' ? b : a) as Expr);
    const pair: [Expr, Expr] = [literalOr(a, dtype), literalOr(b, dtype)];
    invariant(dtypeOf(pair[0]) === dtypeOf(pair[1]), `${dtypeOf(pair[0])} meets ${dtypeOf(pair[1])}`);
    return pair;
  }
}

function literalOr(value: ExprLike, dtype: DType): Expr {
  return typeof value === 'number' ? { kind: 'literal', dtype, value } : value;
}
