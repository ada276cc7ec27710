/**
 * Schedules for one thread of scalar JavaScript. What costs there is the rounding: two conversions behind each addition,
 * one after the other. A tile of four outputs keeps four such chains going and reads each element of the other operand once.
 */
import type { Kernel } from '../loop/ir.ts';
import type { For } from '../loop/transform/find.ts';
import { isWhole } from '../loop/transform/find.ts';
import type { TargetInfo } from '../program/target.ts';
import type { Nest } from './nest.ts';
import { boundsDependOn, nestOf } from './nest.ts';
import { Scheduling } from './steps.ts';

/** The steps for a kernel as lowering made it, applied. */
export function scheduleForTs(kernel: Kernel, target: TargetInfo): Scheduling {
  const scheduling = new Scheduling(kernel);
  scheduling.apply({ step: 'collapse' }, { step: 'simplify' });
  switch (kernel.kind) {
    case 'contraction':
    case 'reduction':
      streamBatch(scheduling);
      tile(scheduling, target);
      unrollReduction(scheduling, target);
      break;
    case 'window':
      divideByStride(scheduling, target);
      unrollReduction(scheduling, target);
      break;
    case 'elementwise':
    case 'gather':
    case 'view':
    case 'concatenation':
    case 'pseudo':
    case 'commutative':
    case 'idempotent':
      break;
    default:
      kernel.kind satisfies never;
  }
  scheduling.apply({ step: 'unroll_marked' });
  if (target.lowerMath) scheduling.apply({ step: 'lower_math' });
  scheduling.apply({ step: 'share' }, { step: 'hoist' }, { step: 'inline' }, { step: 'simplify' });
  return scheduling;
}

/**
 * Sums over the batch and something else: the loop over samples moves outside, so that a sample is read while it is in the
 * cache, and the running totals move into the output.
 */
function streamBatch(scheduling: Scheduling): void {
  const { outer, body } = nestOf(scheduling.kernel);
  const batch = body.find((stmt) => stmt.kind === 'for');
  const total = body.find((stmt) => stmt.kind === 'alloc');
  if (batch?.kind !== 'for' || batch.axis.extent !== 'N' || total?.kind !== 'alloc' || outer.length === 0) return;
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
  const streamed = batch?.kind === 'for' && whole.outer.length === 0 && !batch.body.some((s) => s.kind === 'alloc');
  return streamed ? nestOf({ ...kernel, body: batch.body }) : whole;
}

/** Register tile: the innermost axis of the result that the bounds of the reduction do not depend on. */
function tile(scheduling: Scheduling, target: TargetInfo): void {
  const nest = accumulatingNest(scheduling.kernel);
  if (nest.inner.length === 0) return;
  const candidates = nest.outer.filter(
    (loop) => typeof loop.axis.extent === 'number' && isWhole(loop) && !boundsDependOn(nest, loop.axis),
  );
  const loop = candidates.at(-1);
  if (loop === undefined) return;
  const { name, extent } = loop.axis;
  const size = tileSize(extent as number, target.accumulators);
  if (size === 1) return;
  const through = nest.inner.map(({ axis }) => axis.name);
  const names = { block: `${name}_block`, inner: `${name}_tile`, rest: `${name}_rest` };
  const moveOut = orderWithBlockOutside(nest, loop);
  if (moveOut !== undefined) scheduling.attempt({ step: 'reorder', axes: moveOut });
  scheduling.apply({ step: 'split', axis: name, size, ...names });
  if ((extent as number) >= size)
    scheduling.apply({ step: 'jam', axis: names.inner, through, mode: 'unroll' });
  if ((extent as number) % size > 1)
    scheduling.apply({ step: 'jam', axis: names.rest, through, mode: 'unroll' });
  scheduling.apply({ step: 'simplify' });
}

/** The largest tile that divides the extent; where only small ones do, the largest of all, with a rest. */
function tileSize(extent: number, largest: number): number {
  for (let size = largest; size > 1; size--) if (extent % size === 0 && size * 2 > largest) return size;
  return Math.min(extent, largest);
}

/**
 * The tiled axis outside of the other axes of the result, so that the part of the weights that a tile needs stays in the
 * cache; outside of the batch as well where a sample has no further axes.
 */
function orderWithBlockOutside({ outer }: Nest, tiled: For): readonly string[] | undefined {
  const others = outer.filter((loop) => loop !== tiled);
  const inside = others.some(({ axis }) => axis.extent !== 'N')
    ? others.filter(({ axis }) => axis.extent !== 'N')
    : others;
  if (inside.length === 0) return undefined;
  return [tiled.axis.name, ...inside.map(({ axis }) => axis.name)];
}

/** Windows that move by more than one place: the places between become cases of their own, whose bounds are constants. */
function divideByStride(scheduling: Scheduling, _target: TargetInfo): void {
  const nest = nestOf(scheduling.kernel);
  for (const loop of nest.outer) {
    if (typeof loop.axis.extent !== 'number' || !isWhole(loop)) continue;
    const divisor = divisorOf(nest, loop);
    if (divisor === 1 || divisor > 4 || divisor > loop.axis.extent) continue;
    const { name } = loop.axis;
    const names = { block: `${name}_block`, inner: `${name}_in`, rest: `${name}_rest` };
    scheduling.apply({ step: 'split', axis: name, size: divisor, ...names });
    scheduling.apply({ step: 'unroll', axis: names.inner });
    if (loop.axis.extent % divisor > 0) scheduling.apply({ step: 'unroll', axis: names.rest });
    scheduling.apply({ step: 'simplify' });
  }
}

/** The divisor in the bounds of the reduction loops that depend on the loop's axis; 1 for none. */
function divisorOf({ inner }: Nest, { axis }: For): number {
  for (const { range } of inner)
    for (const q of [...range.from, ...range.to]) {
      if (q !== 'N' && q.divisor > 1 && q.numerator.terms.some((term) => term.axis === axis)) return q.divisor;
    }
  return 1;
}

/** Reductions over a few points are written out. */
function unrollReduction(_scheduling: Scheduling, _target: TargetInfo): void {}
