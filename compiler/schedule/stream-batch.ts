import { nestOf } from './nest.ts';
import type { Scheduling } from './steps.ts';

/**
 * Sums over the batch and something else: the loop over samples moves outside, so that a sample is read while it is in the
 * cache, and the running totals move into the output; with `startInside`, the first sample sets them. Gives the axis of the
 * loop, or undefined where there is no such sum.
 */
export function streamBatch(s: Scheduling, startInside: boolean): string | undefined {
  const { outer, body } = nestOf(s.kernel);
  const batch = body.find((stmt) => stmt.kind === 'for');
  const total = body.find((stmt) => stmt.kind === 'alloc');
  if (batch?.kind !== 'for' || batch.axis.extent !== 'N' || total?.kind !== 'alloc' || outer.length === 0)
    return undefined;
  if (!batch.body.some((stmt) => stmt.kind === 'for')) return undefined;
  const { name } = batch.axis;
  const start = startInside ? [{ step: 'start_inside', axis: name } as const] : [];
  const jams = outer.toReversed().map(({ axis }) => {
    return { step: 'jam', axis: axis.name, through: [name], mode: 'serial' } as const;
  });
  const kept = s.attempt(...start, ...jams, { step: 'keep_in_output', array: total.buffer.name });
  return kept ? name : undefined;
}
