/**
 * The Loop IR: loops over named axes, affine indices, explicit buffers. Axes and buffers are compared by identity and
 * print under unique names. Axes stay explicit until printing: no index is ever flattened and taken apart again.
 */
import type { DType, Extent } from '../base/types.ts';
import type { Trait } from '../base/trait.ts';
import type { Binding } from './bound.ts';

/** One loop variable. `extent` is its whole range 0 … extent-1; a `for` may run over a part of it. */
export interface Axis {
  readonly name: string;
  readonly extent: Extent;
}

/** The actual batch N as a term of index arithmetic. No loop binds it; it prints as `N`. */
export const batchAxis: Axis = { name: 'N', extent: 'N' };

/** constant + Σ factor · axis, an integer. Terms have distinct axes and no factor 0. */
export interface Affine {
  readonly constant: number;
  readonly terms: readonly { readonly axis: Axis; readonly factor: number }[];
}

/**
 * `strides` in elements, one per axis of `shape`; `offset` in elements (a strided window of a larger buffer, as a concat
 * member). Spaces: `global` operand of a kernel, `scratch` planned memory of one kernel, `register` locals of a loop body
 * (all indices become constants once its loops are unrolled), `workgroup` shared by the threads of a GPU workgroup.
 *
 * `stored`: an f32 operand whose elements lie in memory as f16. A load is exact; a store rounds to the nearest f16, what is
 * beyond the largest, 65504, to that.
 */
export interface Buffer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Extent[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly space: 'global' | 'scratch' | 'register' | 'workgroup';
  readonly stored?: 'f16';
}

export type UnaryOp =
  'neg' | 'abs' | 'exp' | 'log' | 'tanh' | 'sqrt' | 'floor' | 'ceil' | 'round' | 'sign' | 'not' | 'isfinite';
export type BinaryOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'min'
  | 'max'
  /** integers only; shifts take the amount modulo 32; `shr` is logical on u32 and arithmetic on i32 */
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'rem';
export type CompareOp = '<' | '<=' | '>' | '>=' | '==' | '!=';

/** Scalar expressions; every one has a dtype. f32 arithmetic rounds to f32 after each operation; integers wrap. */
export type Expr =
  | { readonly kind: 'literal'; readonly dtype: DType; readonly value: number }
  /** the value of index arithmetic, i32 */
  | { readonly kind: 'index'; readonly index: Affine }
  /** the actual batch N, i32 */
  | { readonly kind: 'batch' }
  | { readonly kind: 'load'; readonly buffer: Buffer; readonly index: readonly Index[] }
  | { readonly kind: 'unary'; readonly op: UnaryOp; readonly dtype: DType; readonly x: Expr }
  | {
      readonly kind: 'binary';
      readonly op: BinaryOp;
      readonly dtype: DType;
      readonly a: Expr;
      readonly b: Expr;
    }
  | { readonly kind: 'compare'; readonly op: CompareOp; readonly a: Expr; readonly b: Expr }
  | {
      readonly kind: 'select';
      readonly dtype: DType;
      readonly condition: Expr;
      readonly a: Expr;
      readonly b: Expr;
    }
  /** value conversion: float to integer truncates and saturates (NaN → 0), u8 saturates, bool is x != 0 */
  | { readonly kind: 'cast'; readonly dtype: DType; readonly x: Expr }
  /** the same 32 bits under another type */
  | { readonly kind: 'bitcast'; readonly dtype: 'f32' | 'i32' | 'u32'; readonly x: Expr }
  | { readonly kind: 'local'; readonly local: Local }
  /** inside a Definition only: the finished value of its reduction */
  | { readonly kind: 'reduced'; readonly dtype: DType };

/** An immutable local of a kernel body, set by one `let`. */
export interface Local {
  readonly name: string;
  readonly dtype: DType;
}

/** A place along one axis of a buffer: affine, or a computed i32 that is clamped into 0 … extent-1 by the load itself. */
export type Index = Affine | { readonly clamped: Expr };

/** 0 <= index < extent */
export interface Condition {
  readonly index: Affine;
  readonly extent: Extent;
}

/** floor((affine) / divisor); divisor >= 1 */
export interface Quotient {
  readonly numerator: Affine;
  readonly divisor: number;
}

/** Loop bounds: from = max of quotients, to (exclusive) = min of quotients and extents. */
export interface Range {
  readonly from: readonly Quotient[];
  readonly to: readonly (Quotient | 'N')[];
}

export type Combine = 'add' | 'max' | 'min' | 'mul' | 'and' | 'or';

export type Stmt =
  | {
      readonly kind: 'for';
      readonly axis: Axis;
      readonly range: Range;
      /** `unroll`: printed once per iteration; `vectorize`, `parallel` and `bind` are for targets that have them. */
      readonly mode: 'serial' | 'unroll' | 'vectorize' | 'parallel' | { readonly bind: Binding };
      readonly body: readonly Stmt[];
    }
  | { readonly kind: 'if'; readonly conditions: readonly Condition[]; readonly body: readonly Stmt[] }
  | { readonly kind: 'let'; readonly local: Local; readonly value: Expr }
  /** declares a register, scratch or workgroup buffer for `body`'s rest of the block */
  | { readonly kind: 'alloc'; readonly buffer: Buffer }
  | {
      readonly kind: 'store';
      readonly buffer: Buffer;
      readonly index: readonly Affine[];
      readonly value: Expr;
    }
  /** buffer[index] = combine(buffer[index], value) */
  | {
      readonly kind: 'accumulate';
      readonly buffer: Buffer;
      readonly index: readonly Affine[];
      readonly combine: Combine;
      readonly value: Expr;
    }
  | { readonly kind: 'barrier' }
  /**
   * All threads of a workgroup together: in each, a register without axes becomes what those of the threads combine to that
   * differ from it in `axis` alone. It is a barrier as well.
   */
  | {
      readonly kind: 'all_reduce';
      readonly buffer: Buffer;
      readonly combine: Combine;
      readonly axis: Axis;
    };

/** The expressions, and the statements, of some kinds. */
export type ExprOf<Kind extends Expr['kind']> = Extract<Expr, { readonly kind: Kind }>;
export type StmtOf<Kind extends Stmt['kind']> = Extract<Stmt, { readonly kind: Kind }>;
export type Load = ExprOf<'load'>;
export type For = StmtOf<'for'>;
export type Write = StmtOf<'store' | 'accumulate'>;

/**
 * One launchable nest. Inputs and outputs are `global` buffers; an output may share memory with an input only where the plan
 * says so.
 */
export interface Kernel {
  readonly name: string;
  /** The trait of the op it is built around; schedules are chosen by it. */
  readonly kind: Trait;
  /** An op wrote its loops; no schedule moves them. */
  readonly built?: boolean;
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  readonly body: readonly Stmt[];
}
