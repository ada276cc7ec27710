/** The kernels of a program as functions, and how to call each. */
import { boundsOfRange, wholeInterval } from '../../loop/bounds.ts';
import type { IntervalOf } from '../../loop/bounds.ts';
import type { Extent } from '../../base/types.ts';
import type { For, Stmt } from '../../loop/ir.ts';
import type { TakenNames } from '../../loop/names.ts';
import type { Program, Routine } from '../../program/program.ts';
import type { Parts } from './kernel.ts';
import { printWrittenOut, writtenOut } from './kernel.ts';
import { mathFunctions } from './math.ts';
import type { NameScope } from './names.ts';
import type { FunctionNode } from './tree.ts';

/** A kernel's function: `size` for its extent argument, `parts` for the iterations that it can be split into. */
export interface KernelCall {
  readonly name: string;
  readonly size?: number;
  readonly parts?: Parts;
}

export interface KernelFunctions {
  readonly functions: readonly FunctionNode[];
  /** What they call. */
  readonly math: readonly FunctionNode[];
  /** By the kernel's index in the program. */
  readonly calls: ReadonlyMap<number, KernelCall>;
}

/**
 * From here on a kernel runs in parts: some 30 ms of statements where an engine has yet to optimize them (about 10 ns each;
 * ten times as fast afterwards). With smaller parts the module is larger.
 */
const longWork = 3_000_000;
/** Where an iteration of the outermost loop is longer than this, a part is one of the loop inside. */
const longPart = 500_000;

/** Functions for the kernels that `routines` launch. */
export function kernelFunctions(
  program: Program,
  routines: readonly Routine[],
  names: NameScope,
  outer: TakenNames,
): KernelFunctions {
  const used = [...largestBatches(routines)].map(([index, batch]) => {
    const kernel = writtenOut(program.kernels[index]!);
    const { body } = kernel;
    const parts = partsOf(body, batch);
    const size = parts === undefined ? soleExtent(body) : undefined;
    const sized = size === undefined ? undefined : printWrittenOut(kernel, '', outer, 'sized');
    // Kernels with the same key differ at most in the extent of their outermost loop.
    const key = sized && JSON.stringify([sized.params, sized.body]);
    return { index, kernel, size, sized, key, parts };
  });
  const alike = new Map<string | undefined, number>();
  for (const { key } of used) alike.set(key, (alike.get(key) ?? 0) + 1);
  const merged = new Map<string, string>();
  const functions: FunctionNode[] = [];
  const calls = new Map<number, KernelCall>();
  for (const { index, kernel, size, sized, key, parts } of used) {
    const known = key === undefined ? undefined : merged.get(key);
    const name = known ?? names.unique(kernel.name);
    if (sized && size !== undefined && key !== undefined && (alike.get(key) ?? 0) > 1) {
      merged.set(key, name);
      calls.set(index, { name, size });
      if (known === undefined) functions.push({ ...sized, name, doc: sized.doc.map(anySize(size)) });
    } else if (sized && size !== undefined) {
      calls.set(index, { name });
      functions.push(withSize(sized, name, size));
    } else {
      calls.set(index, parts === undefined ? { name } : { name, parts });
      functions.push(printWrittenOut(kernel, name, outer, parts ?? 'whole'));
    }
  }
  const kernels = used.map(({ kernel }) => kernel);
  return { functions, math: mathFunctions(kernels, outer), calls };
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

const anySize = (size: number) => (doc: string) => doc.replaceAll(`[${size}]`, '[size]');

/** The function of one size, without the argument. */
function withSize(sized: FunctionNode, name: string, size: number): FunctionNode {
  return {
    ...sized,
    name,
    params: sized.params.filter((param) => param.name !== 'size'),
    body: sized.body.map((line) =>
      typeof line === 'string' ? line.replace('; i < size; i++', `; i < ${size}; i++`) : line,
    ),
  };
}

/** The constant extent of the only loop at the top of a body. */
function soleExtent(body: readonly Stmt[]): number | undefined {
  const [loop, other] = body.filter((stmt) => stmt.kind === 'for');
  const extent = loop === undefined || other !== undefined ? undefined : wholeExtent(loop);
  return extent === 'N' || body.some(({ kind }) => kind === 'if') ? undefined : extent;
}

/** How a long body can be run in parts: by its last loop, if nothing before it leaves anything in registers. */
function partsOf(body: readonly Stmt[], batch: number): Parts | undefined {
  const all = work(body, batch, wholeInterval);
  const last = body.at(-1);
  const keeps = body.some(({ kind }) => kind === 'alloc' || kind === 'accumulate');
  if (all <= longWork || last?.kind !== 'for' || keeps) return undefined;
  const outer = wholeExtent(last);
  if (outer === undefined) return undefined;
  const [inside, other] = last.body;
  const inner = inside?.kind === 'for' && other === undefined ? wholeExtent(inside) : undefined;
  const isLong = all / (outer === 'N' ? batch : outer) > longPart;
  return isLong && typeof inner === 'number' && inner > 1 ? { outer, inner } : { outer };
}

/** The extent of a loop from 0 to a constant or N. */
function wholeExtent({ range: { from, to } }: For): Extent | undefined {
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
