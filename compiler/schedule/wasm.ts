/**
 * Schedules for WASM SIMD: four f32 in a vector, sixteen vector registers, two loads and two multiplications or additions
 * per cycle. What a kernel cannot do in vectors it does one element at a time, in the same order.
 */
import { loadsOf, writesOf } from '../loop/accesses.ts';
import type { Buffer, For, Kernel, Stmt } from '../loop/ir.ts';
import { axesOfRange, visitStmts } from '../loop/rewrite.ts';
import { findLoop, loopAxes } from '../loop/transform/find.ts';
import { isParallel, writesOnce } from '../loop/transform/parallel.ts';
import { requires } from '../loop/transform/step-error.ts';
import { writtenOut } from '../loop/transform/unroll.ts';
import { lanes } from '../loop/transform/vectorize.ts';
import type { Choice } from './choice.ts';
import { nestOf } from './nest.ts';
import { Scheduling } from './steps.ts';
import { streamBatch } from './stream-batch.ts';
import { divideByStride, divisorOf } from './strides.ts';
import { isContiguous, isIndependent, iterations, workOf } from './access.ts';
import { scheduleContraction } from './wasm-contraction.ts';
import { scheduleMap } from './wasm-map.ts';
import { fitsRegisters, loopsInside } from './wasm-tile.ts';

/** The steps for a kernel as lowering made it, applied; with the default choices where `choice` has none. */
export function scheduleForWasm(kernel: Kernel, choice: Choice = {}): Scheduling {
  const s = new Scheduling(kernel, choice);
  s.apply({ step: 'collapse' }, { step: 'simplify' });
  const nest = nestOf(s.kernel);
  const reduced = new Set(nest.inner.map(({ axis }) => axis.name));
  if (nest.inner.length === 0) s.transaction(() => scheduleMap(s, nest));
  else s.transaction(() => scheduleReduction(s));
  s.apply({ step: 'unroll_marked' }, { step: 'simplify' });
  if (hasLanes(s.kernel)) s.apply({ step: 'straighten' });
  unrollInnermost(s, reduced);
  // In lanes the emitter loads each element once; values that are used more than once have names since lowering.
  s.apply({ step: hasLanes(s.kernel) ? 'order_sums' : 'share' });
  s.apply({ step: 'hoist' }, { step: 'inline' });
  parallelize(s);
  return s;
}

const isInLanes = (body: readonly Stmt[]): boolean =>
  body.every((stmt) => stmt.kind === 'for' && stmt.mode === 'vectorize');

function hasLanes(kernel: Kernel): boolean {
  let found = false;
  visitStmts(kernel.body, (stmt) => {
    found ||= stmt.kind === 'for' && stmt.mode === 'vectorize';
  });
  return found;
}

function scheduleReduction(s: Scheduling): void {
  if (s.kernel.kind === 'contraction') {
    s.transaction(() => divideWindows(s));
    const batch = streamBatch(s, true);
    const own =
      batch === undefined ? nestOf(s.kernel) : nestOf({ ...s.kernel, body: findLoop(s.kernel, batch).body });
    scheduleContraction(s, own, {
      tiling: true,
      streamed: batch !== undefined,
    });
  } else {
    const last = nestOf(s.kernel).outer.at(-1);
    if (s.kernel.kind === 'window') s.transaction(() => divideByStride(s));
    const inVectors = scheduleContraction(s, nestOf(s.kernel), {
      tiling: false,
      streamed: false,
    });
    if (inVectors || (last !== undefined && casesInVectors(s, last))) return;
    const innermost = nestOf(s.kernel).inner.at(-1);
    if (innermost !== undefined) s.attempt({ step: 'spread', axis: innermost.axis.name });
  }
}

/** Cases beside one another, which have channels of their own: four at a time in each. Says whether that was possible. */
function casesInVectors(s: Scheduling, { axis: { name, extent }, body, axis }: For): boolean {
  if (extent === 'N' || extent < lanes || !isContiguous(body, axis)) return false;
  return s.transaction(() => {
    const inner = `${name}_in`;
    s.apply({ step: 'split', axis: name, size: lanes, block: `${name}_block`, inner, rest: `${name}_rest` });
    s.apply({ step: 'jam', axis: inner, through: loopsInside(s.kernel, inner), mode: 'vectorize' });
  });
}

/** Gradients of convolutions with a stride: places between those of two windows become cases of their own, without rests. */
function divideWindows(s: Scheduling): void {
  const nest = nestOf(s.kernel);
  const whole = nest.outer.every(
    (loop) => loop.axis.extent === 'N' || loop.axis.extent % divisorOf(nest, loop) === 0,
  );
  requires(whole, 'the stride does not divide the extent');
  divideByStride(s);
  shiftWindows(s);
}

/** Windows whose bounds move with a block of places: from then on they are the same at every block. */
function shiftWindows(s: Scheduling): void {
  for (const loop of nestOf(s.kernel).inner) {
    const { axis } = loop;
    const along = [...axesOfRange(loop.range)].find(({ name }) => name.endsWith('_block'));
    const known = loopAxes(s.kernel.body).some(({ name }) => name === axis.name);
    if (along !== undefined && known) s.apply({ step: 'shift', axis: axis.name, along: along.name });
  }
  s.apply({ step: 'simplify' });
}

/** Statements that a loop may become when it is written out. */
const largestBody = 8;
/** The same where all of them find what they need in registers. */
const largestInRegisters = 16;
const mostCopies = 9;

/** Writes out the innermost loops of the reduction where there is little in them. */
function unrollInnermost(s: Scheduling, reduced: ReadonlySet<string>): void {
  const innermost: For[] = [];
  visitStmts(s.kernel.body, (stmt) => {
    if (
      stmt.kind !== 'for' ||
      stmt.mode !== 'serial' ||
      ![...reduced].some((name) => stmt.axis.name.startsWith(name))
    )
      return;
    if (stmt.body.every((child) => child.kind !== 'for' || child.mode === 'vectorize')) innermost.push(stmt);
  });
  const names = new Set<string>();
  for (const loop of innermost) {
    const count = iterations(loop, Infinity);
    const statements = writesOf(loop.body).length;
    const size = count * statements;
    if (count > mostCopies || size > largestInRegisters) continue;
    if (size <= largestBody || (isInLanes(loop.body) && fitsRegisters(writtenOut(loop))))
      names.add(loop.axis.name);
  }
  for (const axis of names) s.attempt({ step: 'unroll', axis });
  if (names.size > 0) s.apply({ step: 'simplify' });
}

/** Whether two threads get nearly the same share of so many iterations. */
const isEven = (count: number): boolean => count >= 7 || (count >= 2 && count % 2 === 0);
/** Which numbers of iterations are worth sharing, the best first; 0: not known before it runs. */
const worth: readonly ((count: number) => boolean)[] = [isEven, (n) => n >= 4, (n) => n >= 2, (n) => n !== 1];

/**
 * Marks the outermost loops with enough independent iterations. What is copied for all of them, every thread copies for itself.
 * Where each element is written once, parts of a kernel that stand beside one another have loops of their own.
 */
export function parallelize(s: Scheduling): void {
  const once = writesOnce(s.kernel);
  for (const isEnough of worth) {
    const axes = once ? sharedLoops(s.kernel.body, isEnough) : undefined;
    if (axes !== undefined && axes.size > 0 && inParallel(s, axes)) return;
    if (axes === undefined && shareLevel(s, isEnough)) return;
  }
}

/** A part of a kernel with this share of its work is a small one. */
const smallRest = 8;
const totalWork = (body: readonly Stmt[]): number => body.reduce((sum, stmt) => sum + workOf(stmt), 0);
const isOutput = ({ buffer }: { readonly buffer: Buffer }): boolean => buffer.space === 'global';
const writesOutput = (loop: For): boolean => writesOf(loop.body).some(isOutput);
const serialLoops = (body: readonly Stmt[]): readonly For[] =>
  body.filter((stmt): stmt is For => stmt.kind === 'for' && stmt.mode === 'serial' && writesOutput(stmt));

/** Axes of loops that together contain all writes to outputs; undefined where there are none for one of them. */
function sharedLoops(
  body: readonly Stmt[],
  isEnough: (count: number) => boolean,
  work = totalWork(body),
): ReadonlySet<string> | undefined {
  const axes = new Set<string>();
  for (const loop of serialLoops(body)) {
    const alone = isIndependent(loop) ? new Set([loop.axis.name]) : undefined;
    let inside: ReadonlySet<string> | undefined = isEnough(iterations(loop, 0)) ? alone : undefined;
    inside ??= sharedLoops(loop.body, isEnough, work);
    // It does not matter which thread does a small rest.
    if (!inside?.size && workOf(loop) * smallRest <= work) inside = alone;
    if (!inside?.size) return undefined;
    for (const axis of inside) axes.add(axis);
  }
  return axes;
}

/** Shares all loops that stand beside one another, so that what is added to an element is always added by the same thread. */
function shareLevel(s: Scheduling, isEnough: (count: number) => boolean): boolean {
  const readsOutput = (stmt: Stmt): boolean =>
    loadsOf([stmt]).some(({ buffer }) => s.kernel.outputs.includes(buffer));
  for (let level: readonly Stmt[] = s.kernel.body; ;) {
    const loops = serialLoops(level);
    // What every thread does for itself must not need what others do.
    if (level.some((stmt) => !loops.some((loop) => loop === stmt) && readsOutput(stmt))) return false;
    const known = loops.filter((loop) => iterations(loop, 0) > 0);
    const main = (known.length > 0 ? known : loops).toSorted((a, b) => workOf(b) - workOf(a))[0];
    if (main === undefined) return false;
    const independent = isEnough(iterations(main, 0)) && loops.every(isIndependent);
    if (independent && inParallel(s, new Set(loops.map((loop) => loop.axis.name)))) return true;
    level = main.body;
  }
}

/** Whether the loops could be marked: nothing is written outside of them. */
function inParallel(s: Scheduling, axes: ReadonlySet<string>): boolean {
  return s.transaction(() => {
    for (const axis of axes) s.apply({ step: 'parallel', axis });
    requires(isParallel(s.kernel), 'something is written outside of the parallel loops');
  });
}
