/** Kernels without a reduction: vectors along the innermost axis, a few of them per iteration. */
import { isWhole } from '../loop/transform/find.ts';
import { requires } from '../loop/transform/step-error.ts';
import type { Nest } from './nest.ts';
import type { Scheduling } from './steps.ts';
import { isContiguous } from './access.ts';
import { divide, laneParts, mayRepeat } from './wasm-tile.ts';

/** Vectors per iteration of a long loop. */
const vectorsAtOnce = 2;

/** Throws a `StepError` where the innermost axis does not go along memory. */
export function scheduleMap(s: Scheduling, { outer, body }: Nest): void {
  const loop = outer.at(-1);
  requires(loop !== undefined && isWhole(loop) && loop.axis.extent !== 'N', 'nothing to vectorize');
  requires(isContiguous(body, loop.axis), `${loop.axis.name} does not go along memory`);
  const parts = laneParts(loop.axis.extent, vectorsAtOnce, mayRepeat(s.kernel));
  const names = divide(s, loop.axis.name, parts);
  parts.forEach(({ vectors, stride }, i) => {
    if (vectors === 0) return;
    const axis = names[i] as string;
    const [vector, lane] = [`${axis}_vec`, `${axis}_lane`];
    if (stride !== undefined) {
      s.apply({ step: 'overlap', axis, size: 4, stride, block: vector, inner: lane });
    } else {
      const inner = `${axis}_in`;
      s.apply({
        step: 'split',
        axis,
        size: 4 * vectors,
        block: `${axis}_block`,
        inner,
        rest: `${axis}_rest`,
      });
      if (vectors === 1) return s.apply({ step: 'vectorize', axis: inner });
      s.apply({ step: 'split', axis: inner, size: 4, block: vector, inner: lane, rest: `${axis}_none` });
    }
    s.apply(
      { step: 'reorder', axes: [lane, vector] },
      { step: 'unroll', axis: vector },
      { step: 'vectorize', axis: lane },
    );
  });
}
