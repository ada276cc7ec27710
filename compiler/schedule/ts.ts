/**
 * Schedules for one thread of scalar JavaScript. What costs there is the rounding: two conversions behind each addition,
 * one after the other. A tile of four outputs keeps four such chains going and reads each element of the other operand once.
 */
import type { Kernel, Stmt } from '../loop/ir.ts';
import { bodyOf, visitStmts } from '../loop/rewrite.ts';
import type { For } from '../loop/transform/find.ts';
import { isWhole, loopAxes } from '../loop/transform/find.ts';
import { constantBounds } from '../loop/transform/unroll.ts';
import type { TargetInfo } from '../program/target.ts';
import type { Nest } from './nest.ts';
import { boundsDependOn, nestOf } from './nest.ts';
import { Scheduling } from './steps.ts';

/** Windows with larger steps keep their computed bounds. */
const largestStride = 3;

/** The steps for a kernel as lowering made it, applied. */
export function scheduleForTs(kernel: Kernel, target: TargetInfo): Scheduling {
  const scheduling = new Scheduling(kernel);
  scheduling.apply({ step: 'collapse' });
  const accumulates = nestOf(scheduling.kernel).inner.length > 0;
  if (accumulates) scheduleReduction(scheduling, target);
  scheduling.apply({ step: 'share' }, { step: 'hoist' }, { step: 'inline' });
  return scheduling;
}

function scheduleReduction(scheduling: Scheduling, target: TargetInfo): void {
  const reduced = new Set(nestOf(scheduling.kernel).inner.map(({ axis }) => axis.name));
  scheduling.apply({ step: 'simplify' });
  if (scheduling.kernel.kind === 'window') {
    divideByStride(scheduling);
  } else {
    streamBatch(scheduling);
    tile(scheduling, target);
  }
  unrollReduction(scheduling, target, reduced);
  scheduling.apply({ step: 'unroll_marked' }, { step: 'simplify' });
}

/**
 * Sums over the batch and something else: the loop over samples moves outside, so that a sample is read while it is in the
 * cache, and the running totals move into the output.
 */
function streamBatch(scheduling: Scheduling): void {
  const { outer, body } = nestOf(scheduling.kernel);
  const batch = body.find((stmt) => stmt.kind === 'for');
  const total = body.find((stmt) => stmt.kind === 'alloc');
  if (batch?.kind !== 'for' || batch.axis.extent !== 'N' || total?.kind !== 'alloc' || outer.length === 0)
    return;
  if (!batch.body.some((stmt) => stmt.kind === 'for')) return;
  const jams = outer.toReversed().map(({ axis }) => {
    return { step: 'jam', axis: axis.name, through: [batch.axis.name], mode: 'serial' } as const;
  });
  scheduling.attempt(...jams, { step: 'keep_in_output', array: total.buffer.name });
}

/** The nest that accumulates: after `streamBatch` it stands inside of the loop over the batch. */
function accumulatingNest(kernel: Kernel): Nest {
  const whole = nestOf(kernel);
  const batch = whole.body.find((stmt) => stmt.kind === 'for' && stmt.axis.extent === 'N');
  const streamed =
    batch?.kind === 'for' && whole.outer.length === 0 && !batch.body.some((s) => s.kind === 'alloc');
  return streamed ? nestOf({ ...kernel, body: batch.body }) : whole;
}

/** Register tile: the innermost axis of the result that the bounds of the reduction do not depend on. */
function tile(scheduling: Scheduling, target: TargetInfo): void {
  const nest = accumulatingNest(scheduling.kernel);
  const loop = nest.outer.findLast(
    (outer) => typeof outer.axis.extent === 'number' && isWhole(outer) && !boundsDependOn(nest, outer.axis),
  );
  if (loop === undefined || nest.inner.length === 0) return;
  const { name } = loop.axis;
  const extent = loop.axis.extent as number;
  const size = tileSize(extent, target.accumulators);
  const inside = loopsInside(nest, loop);
  const through = nest.inner.map(({ axis }) => axis.name);
  const names = { block: `${name}_block`, inner: `${name}_tile`, rest: `${name}_rest` };
  if (inside.length > 0) scheduling.apply({ step: 'reorder', axes: [name, ...inside] });
  scheduling.apply({ step: 'split', axis: name, size, ...names });
  for (const tiled of extent % size > 0 ? [names.inner, names.rest] : [names.inner]) {
    if (inside.length > 0) scheduling.apply({ step: 'reorder', axes: [...inside, tiled] });
    scheduling.apply({ step: 'jam', axis: tiled, through, mode: 'unroll' });
  }
  scheduling.apply({ step: 'simplify' });
}

/** The largest tile that divides the extent; where only small ones do, the largest of all, with a rest. */
function tileSize(extent: number, largest: number): number {
  for (let size = largest; size > 1; size--) if (extent % size === 0 && size * 2 > largest) return size;
  return Math.min(extent, largest);
}

/**
 * The axes of the result that are run through for each tile, so that the part of the weights that it needs stays in the
 * cache: all but the batch, and the batch too where a sample has no further axes.
 */
function loopsInside({ outer }: Nest, tiled: For): readonly string[] {
  const others = outer.filter((loop) => loop !== tiled);
  const inSample = others.filter(({ axis }) => axis.extent !== 'N');
  return (inSample.length > 0 ? inSample : others).map(({ axis }) => axis.name);
}

/** Windows that move by more than one place: the places between become cases of their own, whose bounds are constants. */
export function divideByStride(scheduling: Scheduling): void {
  const nest = nestOf(scheduling.kernel);
  const divided = nest.outer.filter(
    (loop) => typeof loop.axis.extent === 'number' && isWhole(loop) && divisorOf(nest, loop) > 1,
  );
  if (divided.length === 0 || divided.some((loop) => divisorOf(nest, loop) > largestStride)) return;
  const cases: string[] = [];
  for (const loop of divided) {
    const { name } = loop.axis;
    const names = { block: `${name}_block`, inner: `${name}_in`, rest: `${name}_rest` };
    scheduling.apply({ step: 'split', axis: name, size: divisorOf(nest, loop), ...names });
    cases.push(names.inner, names.rest);
  }
  const whole = nest.outer.map(({ axis }) => axis.name).flatMap((name) => [`${name}_block`, name]);
  scheduling.apply({ step: 'reorder', axes: [...whole, ...cases] });
  const present = new Set(loopAxes(scheduling.kernel.body).map(({ name }) => name));
  for (const axis of cases) if (present.has(axis)) scheduling.apply({ step: 'unroll', axis });
  scheduling.apply({ step: 'simplify' });
}

/** The divisor in the bounds of the reduction loops that depend on the loop's axis; 1 for none. */
export function divisorOf({ inner }: Nest, { axis }: For): number {
  for (const { range } of inner)
    for (const q of [...range.from, ...range.to]) {
      if (q !== 'N' && q.divisor > 1 && q.numerator.terms.some((term) => term.axis === axis))
        return q.divisor;
    }
  return 1;
}

/** Reductions over a few points are written out, of others the innermost loops if they are short. */
function unrollReduction(scheduling: Scheduling, target: TargetInfo, reduced: ReadonlySet<string>): void {
  const all = pointsOf(scheduling.kernel.body, reduced);
  const limit = all <= target.unroll ? target.unroll : target.unrollInner;
  for (let points = 1; ;) {
    const innermost: For[] = [];
    visitStmts(scheduling.kernel.body, (stmt) => {
      if (stmt.kind !== 'for' || !reduced.has(stmt.axis.name)) return;
      if (!loopAxes(stmt.body).some(({ name }) => reduced.has(name))) innermost.push(stmt);
    });
    points *= Math.max(...innermost.map(countOf));
    if (innermost.length === 0 || points > limit) return;
    for (const axis of new Set(innermost.map((loop) => loop.axis.name)))
      scheduling.apply({ step: 'unroll', axis });
  }
}

/** The largest number of points that the reductions of a body run over; Infinity where it is not known. */
function pointsOf(body: readonly Stmt[], reduced: ReadonlySet<string>): number {
  const counts = body.map((stmt) => {
    if (stmt.kind !== 'for') return pointsOf(bodyOf(stmt), reduced);
    return (reduced.has(stmt.axis.name) ? countOf(stmt) : 1) * pointsOf(stmt.body, reduced);
  });
  return Math.max(1, ...counts);
}

function countOf(loop: For): number {
  const bounds = constantBounds(loop);
  return bounds === undefined ? Infinity : Math.max(bounds.to - bounds.from, 1);
}
