/** From conditions on a reduction axis to the bounds of its loop. */
import { addAffine, affine, factorOf, mentions, scaleAffine, subAffine } from '../loop/affine.ts';
import { alwaysHolds } from '../loop/bounds.ts';
import type { Axis, Condition, Quotient, Range, Stmt } from '../loop/ir.ts';
import { guarded, quotient, serial, wholeRange } from '../loop/rewrite.ts';

/**
 * Loops over `axes`, outermost first, around `body`, restricted to the points at which all conditions hold. A condition
 * bounds the loop over the innermost axis that it mentions; what mentions none, or the batch, becomes an `if`.
 */
export function conditionalLoops(
  axes: readonly Axis[],
  conditions: readonly Condition[],
  body: readonly Stmt[],
): readonly Stmt[] {
  const pending = conditions.filter((condition) => !alwaysHolds(condition));
  const levelOf = (condition: Condition): number =>
    axes.findLastIndex((axis) => mentions(condition.index, axis));
  const loops = axes.reduceRight<readonly Stmt[]>((inner, axis, level) => {
    const here = pending.filter((condition) => levelOf(condition) === level);
    const bounding = here.filter((condition) => condition.extent !== 'N');
    const ofBatch = here.filter((condition) => condition.extent === 'N');
    return [serial(axis, guarded(ofBatch, inner), rangeWithin(axis, bounding))];
  }, body);
  return guarded(
    pending.filter((condition) => levelOf(condition) < 0),
    loops,
  );
}

/** The part of the axis on which all conditions, each with a constant extent, hold. */
function rangeWithin(axis: Axis, conditions: readonly Condition[]): Range {
  const whole = wholeRange(axis);
  const bounds = conditions.map((condition) => boundsAlong(axis, condition));
  return {
    from: [...whole.from, ...bounds.map(({ from }) => from)],
    to: [...whole.to, ...bounds.map(({ to }) => to)],
  };
}

/** 0 <= rest + factor · axis < extent, solved for the axis; rounds up by adding divisor - 1 before the division. */
function boundsAlong(axis: Axis, { index, extent }: Condition): { from: Quotient; to: Quotient } {
  const factor = factorOf(index, axis);
  const rest = subAffine(index, scaleAffine(axis, factor));
  const size = extent === 'N' ? 0 : extent;
  if (factor > 0) {
    const up = factor - 1;
    return {
      from: quotient(subAffine(up, rest), factor),
      to: quotient(subAffine(size + up, rest), factor),
    };
  }
  const divisor = -factor;
  return {
    from: quotient(addAffine(rest, affine(divisor - size)), divisor),
    to: quotient(addAffine(rest, affine(divisor)), divisor),
  };
}
