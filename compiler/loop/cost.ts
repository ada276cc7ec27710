/** What a kernel does, counted: arithmetic operations and bytes of memory. Count kernels as lowered: schedules add copies. */
import { bytesPerElement } from '../base/types.ts';
import type { Extent } from '../base/types.ts';
import { evaluateAffine, evaluateQuotient, mentions } from './affine.ts';
import { boundsOf } from './bounds.ts';
import type { Interval, IntervalOf } from './bounds.ts';
import type { Axis, Buffer, Expr, For, Index, Kernel, Stmt } from './ir.ts';
import { batchAxis } from './ir.ts';
import { axesOfRange, visitExpr, visitStmts } from './rewrite.ts';

export interface Cost {
  /** f32 operations: add, sub, mul, div, min, max, sqrt, exp, log, tanh; 1 each. A multiply-add is 2. */
  readonly flops: number;
  /** Each element of an operand that is read or written, once: what must move if the cache kept everything between. */
  readonly bytes: number;
}

/** The cost of one launch with `n` samples. */
export function costOf(kernel: Kernel, n: number): Cost {
  return { flops: flopsOf(kernel, n), bytes: bytesOf(kernel, n) };
}

type Places = ReadonlyMap<Axis, number>;

function flopsOf(kernel: Kernel, n: number): number {
  const needed = new Map<Stmt, boolean>();
  const needs = (stmt: For): boolean => {
    const known = needed.get(stmt) ?? boundsUse(stmt.body, stmt.axis);
    needed.set(stmt, known);
    return known;
  };
  const block = (body: readonly Stmt[], at: Places): number =>
    body.reduce((sum, stmt) => sum + statement(stmt, at), 0);
  const statement = (stmt: Stmt, at: Places): number => {
    switch (stmt.kind) {
      case 'for': {
        const value = valueIn(at, n);
        const from = Math.max(...stmt.range.from.map((q) => evaluateQuotient(q, value)));
        const to = Math.min(...stmt.range.to.map((q) => (q === 'N' ? n : evaluateQuotient(q, value))));
        if (to <= from) return 0;
        if (!needs(stmt)) return (to - from) * block(stmt.body, at);
        let sum = 0;
        for (let i = from; i < to; i++) sum += block(stmt.body, new Map(at).set(stmt.axis, i));
        return sum;
      }
      case 'if': {
        const holds = stmt.conditions.every(({ index, extent }) => {
          const place = evaluateAffine(index, valueIn(at, n));
          return place >= 0 && place < (extent === 'N' ? n : extent);
        });
        return holds ? block(stmt.body, at) : 0;
      }
      case 'let':
      case 'store':
        return flopsOfExpr(stmt.value);
      case 'accumulate':
        return flopsOfExpr(stmt.value) + (stmt.buffer.dtype === 'f32' ? 1 : 0);
      case 'all_reduce':
        return stmt.buffer.dtype === 'f32' ? 1 : 0;
      case 'alloc':
      case 'barrier':
        return 0;
      default:
        return stmt satisfies never;
    }
  };
  return block(kernel.body, new Map());
}

/** Whether how often something runs in `body` depends on the axis. */
function boundsUse(body: readonly Stmt[], axis: Axis): boolean {
  let used = false;
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'for') used ||= axesOfRange(stmt.range).has(axis);
    if (stmt.kind === 'if') used ||= stmt.conditions.some(({ index }) => mentions(index, axis));
  });
  return used;
}

const valueIn =
  (at: Places, n: number) =>
  (axis: Axis): number =>
    axis === batchAxis ? n : (at.get(axis) ?? 0);

const unaryArithmetic: ReadonlySet<string> = new Set(['sqrt', 'exp', 'log', 'tanh']);
const binaryArithmetic: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div', 'min', 'max']);

function flopsOfExpr(expr: Expr): number {
  let count = 0;
  visitExpr(expr, (e) => {
    if (e.kind === 'unary' && e.dtype === 'f32' && unaryArithmetic.has(e.op)) count++;
    if (e.kind === 'binary' && e.dtype === 'f32' && binaryArithmetic.has(e.op)) count++;
  });
  return count;
}

/** Per axis of a buffer: from where to where it is touched, and at how many places at most. */
interface Touched {
  readonly hull: Interval;
  readonly places: number;
}

function bytesOf(kernel: Kernel, n: number): number {
  const intervals: IntervalOf = (axis) => ({ low: 0, high: extentOf(axis.extent, n) - 1 });
  const touched = new Map<Buffer, { reads: Touched[]; writes: Touched[] }>();
  for (const buffer of [...kernel.inputs, ...kernel.outputs]) touched.set(buffer, { reads: [], writes: [] });
  const note = (buffer: Buffer, index: readonly Index[], how: 'reads' | 'writes'): void => {
    const entry = touched.get(buffer);
    if (!entry) return;
    index.forEach((place, i) => {
      const extent = extentOf(buffer.shape[i] ?? 1, n);
      entry[how][i] = merged(entry[how][i], touchedBy(place, extent, intervals), extent);
    });
    if (index.length === 0) entry[how][0] = { hull: { low: 0, high: 0 }, places: 1 };
  };
  const read = (expr: Expr): void =>
    visitExpr(expr, (e) => {
      if (e.kind === 'load') note(e.buffer, e.index, 'reads');
    });
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'let') read(stmt.value);
    if (stmt.kind !== 'store' && stmt.kind !== 'accumulate') return;
    read(stmt.value);
    note(stmt.buffer, stmt.index, 'writes');
    if (stmt.kind === 'accumulate') note(stmt.buffer, stmt.index, 'reads');
  });
  const elements = (axes: readonly Touched[]): number =>
    axes.length === 0 ? 0 : axes.reduce((product, { places }) => product * places, 1);
  return [...touched].reduce(
    (sum, [buffer, { reads, writes }]) => sum + (elements(reads) + elements(writes)) * sizeOf(buffer),
    0,
  );
}

const sizeOf = ({ dtype, stored }: Buffer): number => (stored ? 2 : bytesPerElement[dtype]);
const extentOf = (extent: Extent, n: number): number => (extent === 'N' ? n : extent);

function touchedBy(place: Index, extent: number, intervals: IntervalOf): Touched {
  const whole = { low: 0, high: extent - 1 };
  if ('clamped' in place) return { hull: whole, places: extent };
  const { low, high } = boundsOf(place, intervals);
  const hull = { low: Math.max(low, 0), high: Math.min(high, extent - 1) };
  const combinations = place.terms.reduce((product, { axis }) => {
    const { low: first, high: last } = intervals(axis);
    return product * (last - first + 1);
  }, 1);
  return { hull, places: Math.max(0, Math.min(hull.high - hull.low + 1, combinations)) };
}

/** Touched by one or the other: at most both together, and no more than lie between. */
function merged(a: Touched | undefined, b: Touched, extent: number): Touched {
  if (a === undefined) return b;
  const hull = { low: Math.min(a.hull.low, b.hull.low), high: Math.max(a.hull.high, b.hull.high) };
  const same = a.hull.low === b.hull.low && a.hull.high === b.hull.high && a.places === b.places;
  const places = same ? a.places : Math.min(a.places + b.places, hull.high - hull.low + 1, extent);
  return { hull, places };
}
