/**
 * Schedules for one thread of scalar JavaScript. What costs there is the rounding: two conversions behind each addition,
 * one after the other. A tile of four outputs keeps four such chains going and reads each element of the other operand once.
 */
import { fixedExtent } from '../base/types.ts';
import type { For, Kernel, Stmt } from '../loop/ir.ts';
import { bodyOf, visitStmts } from '../loop/rewrite.ts';
import { isWhole, loopAxes } from '../loop/transform/find.ts';
import type { TargetInfo } from '../program/target.ts';
import { iterations } from './access.ts';
import type { Nest } from './nest.ts';
import { boundsDependOn, nestOf } from './nest.ts';
import { Scheduling } from './steps.ts';
import { streamBatch } from './stream-batch.ts';
import { divideByStride } from './strides.ts';

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
    streamBatch(scheduling, false);
    tile(scheduling, target);
  }
  unrollReduction(scheduling, target, reduced);
  scheduling.apply({ step: 'unroll_marked' }, { step: 'simplify' });
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
  const extent = fixedExtent(loop.axis.extent);
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

const countOf = (loop: For): number => Math.max(iterations(loop, Infinity), 1);
