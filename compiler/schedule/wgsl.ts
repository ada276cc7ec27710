/** Schedules for WebGPU: the loops over a result become workgroups and threads. */
import { loadsOf, strideAlong } from '../loop/accesses.ts';
import type { Kernel } from '../loop/ir.ts';
import { isWhole } from '../loop/transform/find.ts';
import { requires } from '../loop/transform/step-error.ts';
import { lanes } from '../loop/transform/vectorize.ts';
import { inSerial } from './built.ts';
import { nestOf } from './nest.ts';
import { Scheduling } from './steps.ts';
import { isContiguous } from './access.ts';
import { bindNest } from './wgsl-bind.ts';
import { scheduleContractionForWgsl } from './wgsl-contraction.ts';
import { scheduleTogether } from './wgsl-together.ts';

/** The kernel with its outer loops bound; see `loop/bound.ts` for the form. */
export function scheduleForWgsl(kernel: Kernel, batch?: number): Scheduling {
  const built = kernel.built === true;
  const tiled = !built && readsAgain(kernel) ? scheduleContractionForWgsl(kernel, batch) : undefined;
  if (tiled !== undefined) return tiled;
  const s = new Scheduling(built ? inSerial(kernel) : kernel);
  if (!built) s.apply({ step: 'collapse' });
  s.apply({ step: 'simplify' });
  if (built || !scheduleTogether(s)) {
    if (!built) s.transaction(() => vectorizeInnermost(s));
    bindNest(s);
  }
  s.apply({ step: 'simplify' }, { step: 'share' }, { step: 'hoist' }, { step: 'inline' });
  return s;
}

/** Whether what one thread reads helps others: not where each channel has elements of its own in all operands. */
function readsAgain(kernel: Kernel): boolean {
  if (kernel.kind !== 'contraction') return false;
  const { outer, inner } = nestOf(kernel);
  const channel = outer.at(-1)?.axis;
  return (
    channel === undefined ||
    loadsOf(inner).some(
      ({ buffer, index }) => buffer.space === 'global' && strideAlong(buffer, index, channel) !== 1,
    )
  );
}

/** Where a thread does more than store an element: fewer of them would leave parts of a GPU without work. */
const enoughThreads = 2048;

/** Each thread makes four neighbouring elements. Throws a `StepError` where they are not neighbours in memory as well. */
function vectorizeInnermost(s: Scheduling): void {
  const { outer, body, inner } = nestOf(s.kernel);
  const loop = outer.at(-1);
  requires(loop !== undefined && isWhole(loop), 'there is no loop over the result');
  const { name, extent } = loop.axis;
  requires(extent !== 'N' && extent % lanes === 0, `${name} cannot be divided into vectors`);
  const strides = loadsOf(body)
    .filter(({ buffer }) => buffer.space === 'global')
    .map(({ buffer, index }) => strideAlong(buffer, index, loop.axis));
  const along = isContiguous(body, loop.axis) && strides.every((stride) => stride === 0 || stride === 1);
  requires(along, `${name} does not go along memory`);
  const names = { block: `${name}_vec`, inner: `${name}_lane`, rest: `${name}_rest` };
  s.apply({ step: 'split', axis: name, size: lanes, ...names });
  if (inner.length === 0) return s.apply({ step: 'vectorize', axis: names.inner });
  const results = outer.reduce((product, { axis }) => product * (axis.extent === 'N' ? 1 : axis.extent), 1);
  requires(results >= lanes * enoughThreads, 'there are not enough results for vectors');
  const through = inner.map(({ axis }) => axis.name);
  s.apply({ step: 'jam', axis: names.inner, through, mode: 'vectorize' });
}
