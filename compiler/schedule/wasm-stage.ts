/** Which operands are copied into scratch memory, and in which order. */
import { loadsOf, strideAlong } from '../loop/accesses.ts';
import type { Axis, Buffer, Load, Stmt } from '../loop/ir.ts';
import { findLoop, loopAxes } from '../loop/transform/find.ts';
import type { Scheduling } from './steps.ts';
import { iterations } from './access.ts';
import { extentOf, loopsInside } from './wasm-tile.ts';

/** A staged element is read by at least so many tiles. */
const stagingPays = 3;
/** Pixels in a tile: so many times less often a weight is read. */
const pixels = 4;

/**
 * Weights that many tiles read are copied once per block of channels into the order of the reduction: `block` is the loop
 * over blocks, `inner` the one in a block, `outer` the loops over places. It transposes rows that do not lie along the channels.
 */
export function stageWeights(s: Scheduling, block: string, inner: string, outer: readonly string[]): void {
  const lane = findLoop(s.kernel, inner).axis;
  const places = outer.map((name) => findLoop(s.kernel, name)).filter(({ axis }) => axis !== lane);
  const inside = loopsInside(s.kernel, inner);
  const tried = new Set<Buffer>();
  for (const load of loadsOf(findLoop(s.kernel, inner).body)) {
    if (tried.has(load.buffer)) continue;
    const along = strideAlong(load.buffer, load.index, lane);
    if (load.buffer.space !== 'global' || along === 0 || Number.isNaN(along)) continue;
    if (places.some(({ axis }) => strideAlong(load.buffer, load.index, axis) !== 0)) continue;
    const isReduced = inside.some(
      (name) => strideAlong(load.buffer, load.index, findLoop(s.kernel, name).axis) !== 0,
    );
    const uses = places.reduce((product, place) => product * iterations(place, 1), 1);
    if (!isReduced || (along === 1 && !pays(s, uses))) continue;
    tried.add(load.buffer);
    stageOperand(s, load, block, inner);
  }
}

function pays({ choice: { stage = 'auto' } }: Scheduling, uses: number): boolean {
  return stage === 'always' || (stage === 'auto' && uses / pixels >= stagingPays);
}

/** Copies what an iteration of `at` reads of an operand; `last` is the axis that becomes the innermost of the copy. */
export function stageOperand(s: Scheduling, load: Load, at: string, last: string): boolean {
  const loop = findLoop(s.kernel, at);
  const order = orderFor(load, loop.body, last);
  const names = order.map((i) => `${load.buffer.name}_copy${i}`);
  const fits = s.attempt({ step: 'stage', buffer: load.buffer.name, at, order, names });
  if (fits) vectorizeCopy(s, names.at(-1) as string);
  return fits;
}

/** The axes of the operand along which the loads of a body move or differ, that of `last` behind the others. */
function orderFor({ buffer, index }: Load, body: readonly Stmt[], last: string): readonly number[] {
  const inside = new Set(loopAxes(body));
  const loads = loadsOf(body).filter((load) => load.buffer === buffer);
  const terms = (load: Load, i: number): readonly Axis[] => {
    const place = load.index[i];
    return place === undefined || 'clamped' in place ? [] : place.terms.map(({ axis }) => axis);
  };
  const constant = ({ index: places }: Load, i: number): number => {
    const place = places[i];
    return place === undefined || 'clamped' in place ? NaN : place.constant;
  };
  const moving = index.flatMap((_, i) => {
    const axes = loads.flatMap((load) => terms(load, i)).filter((axis) => inside.has(axis));
    const differs = loads.some((load) => constant(load, i) !== constant(loads[0] as Load, i));
    return axes.length > 0 || differs ? [{ i, last: axes.some(({ name }) => name === last) }] : [];
  });
  return moving.toSorted((a, b) => Number(a.last) - Number(b.last)).map(({ i }) => i);
}

function vectorizeCopy(s: Scheduling, axis: string): void {
  const extent = extentOf(s.kernel, axis);
  if (extent === 4) {
    s.attempt({ step: 'vectorize', axis });
    return;
  }
  const names = { block: `${axis}_vec`, inner: `${axis}_lane`, rest: `${axis}_rest` };
  s.attempt({ step: 'split', axis, size: 4, ...names }, { step: 'vectorize', axis: names.inner });
}
