import type { Affine, Axis, Combine, Condition, Expr, Local, Stmt } from './ir.ts';

/**
 * What an op computes, before any loop exists: one expression for one output element. Fusing is substitution into
 * definitions; loops are built once, from the fused one.
 */
export interface Definition {
  /** Together they run through the result in row-major order: one per axis of it, same extents, unless `index` says else. */
  readonly axes: readonly Axis[];
  /** The place of the element, one entry per axis of the result. Given where `axes` divide one: channels into groups. */
  readonly index?: readonly Affine[];
  /** At most one reduction; `element` refers to its value as `reduced`. */
  readonly reduce?: Reduction;
  /**
   * Values that `lets` after them and `element` read more than once, as `local`. Expressions are trees: without these, twenty
   * rounds of a random generator would print 4^20 terms. Each call of `lower` makes new locals, so inlining needs no renaming.
   * A value may read `reduced`; the body of the reduction never reads a local.
   */
  readonly lets?: readonly Let[];
  readonly element: Expr;
}

export interface Let {
  readonly local: Local;
  readonly value: Expr;
}

/** `body` at all points of `axes` at which every condition of `where` holds; at others it is not read. */
export interface Points {
  readonly axes: readonly Axis[];
  readonly body: Expr;
  readonly where: readonly Condition[];
}

/**
 * combine over all points, from `init`, in row-major order of `axes` within fixed chunks, then over the chunks (see `lower/`).
 */
export interface Reduction extends Points {
  readonly init: number;
  readonly combine: Combine;
  /** Further points behind those; only where the order of `combine` does not matter. */
  readonly more?: readonly Points[];
}

/**
 * Stores one element of the result of an op that writes its own loops, after what follows the op in its kernel was applied:
 * the statements to put there. Every element is stored once.
 */
export type StoreElement = (index: readonly Affine[], value: Expr) => readonly Stmt[];
