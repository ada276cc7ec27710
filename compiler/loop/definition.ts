import type { Axis, Combine, Condition, Expr } from './ir.ts';

/**
 * What an op computes, before any loop exists: one expression for one output element. Fusing is substitution into
 * definitions; loops are built once, from the fused one.
 */
export interface Definition {
  /** One per axis of the result, same extents. */
  readonly axes: readonly Axis[];
  /** At most one reduction; `element` refers to its value as `reduced`. */
  readonly reduce?: Reduction;
  readonly element: Expr;
}

/**
 * combine over all points of `axes` at which every condition of `where` holds, from `init`, in row-major order of `axes`
 * within fixed chunks, then over the chunks (see `lower/`). A point outside `where` takes no part: its body is not read.
 */
export interface Reduction {
  readonly axes: readonly Axis[];
  readonly init: number;
  readonly combine: Combine;
  readonly body: Expr;
  readonly where: readonly Condition[];
}
