/** Short ways to write the statements of a kernel that is built by hand. */
import type { Extent } from '../../../base/types.ts';
import type { AffineLike } from '../../../loop/affine.ts';
import { addAffine, affine, scaleAffine } from '../../../loop/affine.ts';
import { denseBuffer, dtypeOf } from '../../../loop/builder.ts';
import type { Affine, Axis, Buffer, Expr, Range, Stmt } from '../../../loop/ir.ts';
import { wholeRange } from '../../../loop/rewrite.ts';

/** Elements that one instruction works on. */
export const lanes = 4;

export const zero: Expr = { kind: 'literal', dtype: 'f32', value: 0 };
export const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

export const allocate = (buffer: Buffer): Stmt => ({ kind: 'alloc', buffer });
export const scratch = (name: string, shape: readonly number[]): Buffer =>
  denseBuffer(name, 'f32', shape, 'scratch');
export const registers = (name: string, shape: readonly number[]): Buffer =>
  denseBuffer(name, 'f32', shape, 'register');

export const load = (buffer: Buffer, index: readonly AffineLike[]): Expr => ({
  kind: 'load',
  buffer,
  index: index.map(affine),
});
export const store = (buffer: Buffer, index: readonly AffineLike[], value: Expr): Stmt => ({
  kind: 'store',
  buffer,
  index: index.map(affine),
  value,
});

/** A block of statements in the making. */
export class Block {
  readonly stmts: Stmt[] = [];

  /** Computes a value once and names it. */
  let(name: string, value: Expr): Expr {
    const local = { name, dtype: dtypeOf(value) };
    this.stmts.push({ kind: 'let', local, value });
    return { kind: 'local', local };
  }

  push(...stmts: readonly Stmt[]): void {
    this.stmts.push(...stmts);
  }
}

interface LoopOptions extends Partial<Range> {
  /** Whether threads share the iterations. */
  readonly parallel?: boolean;
}

/** The loop over a fresh axis, within further bounds; no loop where there is one iteration. */
export function loop(
  name: string,
  extent: Extent,
  body: (at: Affine) => readonly Stmt[],
  { from = [], to = [], parallel = false }: LoopOptions = {},
): readonly Stmt[] {
  if (extent === 1 && from.length + to.length === 0) return body(affine(0));
  const axis: Axis = { name, extent };
  const whole = wholeRange(axis);
  const range: Range = { from: [...whole.from, ...from], to: [...whole.to, ...to] };
  return [{ kind: 'for', axis, range, mode: parallel ? 'parallel' : 'serial', body: body(affine(axis)) }];
}

/** A channel: its number, and its place in a register array with one element per lane. */
interface Channel {
  readonly at: Affine;
  readonly lane: Affine;
}

/** Statements for each of some channels: in lockstep where the target can, or for a single one. */
export type EachChannel = (body: (channel: Channel) => readonly Stmt[]) => readonly Stmt[];

/** The four channels from `first` on. */
export const inLanes =
  (first: AffineLike): EachChannel =>
  (body) => {
    const axis: Axis = { name: 'lane', extent: lanes };
    const stmts = body({ at: addAffine(first, axis), lane: affine(axis) });
    return [{ kind: 'for', axis, range: wholeRange(axis), mode: 'vectorize', body: stmts }];
  };

export const alone =
  (channel: AffineLike): EachChannel =>
  (body) =>
    body({ at: affine(channel), lane: affine(0) });

/** `count` channels from 0 on, in lanes as far as these are filled. */
export function overChannels(count: number, body: (each: EachChannel) => readonly Stmt[]): readonly Stmt[] {
  const full = Math.floor(count / lanes);
  return [
    ...(full > 0 ? loop('c', full, (c) => body(inLanes(scaleAffine(c, lanes)))) : []),
    ...(count % lanes > 0 ? loop('c', count % lanes, (c) => body(alone(addAffine(c, full * lanes)))) : []),
  ];
}
