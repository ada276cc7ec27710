/** The kernels of a program as functions, and how to call each. */
import { boundsOfRange, wholeInterval } from '../../loop/bounds.ts';
import type { IntervalOf } from '../../loop/bounds.ts';
import type { Extent } from '../../base/types.ts';
import type { Kernel, Stmt } from '../../loop/ir.ts';
import type { Program, Routine } from '../../program/program.ts';
import { kernelFunction } from './kernel.ts';
import type { NameScope, OuterNames } from './names.ts';
import type { FunctionNode } from './tree.ts';
import { unroll } from './unroll.ts';

/** A kernel's function: `size` for its extent argument, `parts` for the iterations that it can be split into. */
export interface KernelCall {
  readonly name: string;
  readonly size?: number;
  readonly parts?: Extent;
}

export interface KernelFunctions {
  readonly functions: readonly FunctionNode[];
  /** By the kernel's index in the program. */
  readonly calls: ReadonlyMap<number, KernelCall>;
}

/** About ten milliseconds of a kernel on a slow machine: from here on it runs in parts. */
const longWork = 4_000_000;

/** Functions for the kernels that `routines` launch. */
export function kernelFunctions(
  program: Program,
  routines: readonly Routine[],
  names: NameScope,
  outer: OuterNames,
): KernelFunctions {
  const largest = largestBatches(routines);
  const functions: FunctionNode[] = [];
  const calls = new Map<number, KernelCall>();
  const merged = new Map<string, string>();
  const alike = countAlike(program, largest, outer);
  for (const [index, batch] of largest) {
    const kernel = program.kernels[index] as Kernel;
    const body = unroll(kernel.body);
    const size = soleExtent(body);
    const key = size === undefined ? '' : keyOf(kernel, outer);
    const known = merged.get(key);
    if (known !== undefined && size !== undefined) {
      calls.set(index, { name: known, size });
      continue;
    }
    const name = names.unique(kernel.name);
    const parts = work(body, batch, wholeInterval) > longWork ? partsOf(body) : undefined;
    if (size !== undefined && (alike.get(key) ?? 0) > 1) {
      merged.set(key, name);
      calls.set(index, { name, size });
      functions.push(withAnySize(kernelFunction(kernel, name, outer, 'sized'), size));
    } else {
      calls.set(index, parts === undefined ? { name } : { name, parts });
      functions.push(kernelFunction(kernel, name, outer, parts === undefined ? 'whole' : 'parts'));
    }
  }
  return { functions, calls };
}

/** The largest batch each kernel is launched with, in the order of the program. */
function largestBatches(routines: readonly Routine[]): ReadonlyMap<number, number> {
  const batches = new Map<number, number>();
  for (const { launches, commit, maxBatch } of routines) {
    for (const { kernel } of [...launches, ...commit]) {
      batches.set(kernel, Math.max(batches.get(kernel) ?? 0, maxBatch));
    }
  }
  return new Map([...batches].sort(([a], [b]) => a - b));
}

function countAlike(
  program: Program,
  used: ReadonlyMap<number, number>,
  outer: OuterNames,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const index of used.keys()) {
    const kernel = program.kernels[index] as Kernel;
    if (soleExtent(unroll(kernel.body)) === undefined) continue;
    const key = keyOf(kernel, outer);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Kernels with the same key differ at most in the extent of their only outermost loop. */
function keyOf(kernel: Kernel, outer: OuterNames): string {
  const { params, body } = kernelFunction(kernel, 'kernel', outer, 'sized');
  return JSON.stringify([params, body]);
}

const withAnySize = (node: FunctionNode, size: number): FunctionNode => ({
  ...node,
  doc: node.doc.map((line) => line.replaceAll(`[${size}]`, '[size]')),
});

/** The constant extent of the only loop at the top of a body. */
function soleExtent(body: readonly Stmt[]): number | undefined {
  const [loop, other] = body.filter((stmt) => stmt.kind === 'for');
  const extent = loop === undefined || other !== undefined ? undefined : wholeExtent(loop);
  return extent === 'N' || body.some(({ kind }) => kind === 'if') ? undefined : extent;
}

/** The extent of the last loop of a body that can be run in parts: nothing before it leaves anything in registers. */
function partsOf(body: readonly Stmt[]): Extent | undefined {
  const last = body.at(-1);
  const keeps = body.some(({ kind }) => kind === 'alloc' || kind === 'accumulate');
  return last?.kind === 'for' && !keeps ? wholeExtent(last) : undefined;
}

/** The extent of a loop from 0 to a constant or N. */
function wholeExtent({ range: { from, to } }: Stmt & { readonly kind: 'for' }): Extent | undefined {
  const [end] = to;
  const atStart = from.every(({ numerator }) => numerator.terms.length === 0 && numerator.constant === 0);
  if (!atStart || to.length !== 1 || end === undefined) return undefined;
  if (end === 'N') return 'N';
  return end.numerator.terms.length === 0 ? Math.floor(end.numerator.constant / end.divisor) : undefined;
}

/** How many statements run. */
function work(body: readonly Stmt[], batch: number, interval: IntervalOf): number {
  return body.reduce((sum, stmt) => {
    if (stmt.kind === 'if') return sum + work(stmt.body, batch, interval);
    if (stmt.kind !== 'for') return sum + 1;
    const bounds = boundsOfRange(stmt.range, interval);
    const inner: IntervalOf = (axis) => (axis === stmt.axis ? bounds : interval(axis));
    const last = bounds.high === Infinity ? batch - 1 : bounds.high;
    const iterations = last - bounds.low + 1;
    return sum + Math.max(iterations, 0) * work(stmt.body, batch, inner);
  }, 0);
}
