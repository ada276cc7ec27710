/** Windows that move by more than one place. */
import { mentions } from '../loop/affine.ts';
import type { For } from '../loop/ir.ts';
import { isWhole, loopAxes } from '../loop/transform/find.ts';
import type { Nest } from './nest.ts';
import { nestOf } from './nest.ts';
import type { Scheduling } from './steps.ts';

/** Those with larger steps keep their computed bounds. */
const largestStride = 3;

/** The places between those of two windows become cases of their own, whose bounds are constants. */
export function divideByStride(s: Scheduling): void {
  const nest = nestOf(s.kernel);
  const divided = nest.outer.filter(
    (loop) => typeof loop.axis.extent === 'number' && isWhole(loop) && divisorOf(nest, loop) > 1,
  );
  if (divided.length === 0 || divided.some((loop) => divisorOf(nest, loop) > largestStride)) return;
  const cases: string[] = [];
  for (const loop of divided) {
    const { name } = loop.axis;
    const names = { block: `${name}_block`, inner: `${name}_in`, rest: `${name}_rest` };
    s.apply({ step: 'split', axis: name, size: divisorOf(nest, loop), ...names });
    cases.push(names.inner, names.rest);
  }
  const whole = nest.outer.map(({ axis }) => axis.name).flatMap((name) => [`${name}_block`, name]);
  s.apply({ step: 'reorder', axes: [...whole, ...cases] });
  const present = new Set(loopAxes(s.kernel.body).map(({ name }) => name));
  for (const axis of cases) if (present.has(axis)) s.apply({ step: 'unroll', axis });
  s.apply({ step: 'simplify' });
}

/** The divisor in the bounds of the reduction loops that depend on the loop's axis; 1 for none. */
export function divisorOf({ inner }: Nest, { axis }: For): number {
  for (const { range } of inner)
    for (const q of [...range.from, ...range.to]) {
      if (q !== 'N' && q.divisor > 1 && mentions(q.numerator, axis)) return q.divisor;
    }
  return 1;
}
