/** Schedules in which the threads of a workgroup do a reduction, or a row, together. */
import { loadsOf, strideAlong, writesOf } from '../loop/accesses.ts';
import type { Axis, For, Stmt } from '../loop/ir.ts';
import { axesOfRange, bodyOf } from '../loop/rewrite.ts';
import { nestOf } from './nest.ts';
import type { Nest } from './nest.ts';
import type { Scheduling } from './steps.ts';
import { bindGroups, countOf, freeLoops } from './wgsl-bind.ts';
import { checkSharedMemory, mostThreads, subgroup } from './wgsl-limits.ts';
import { requires } from '../loop/transform/step-error.ts';

/** Shorter reductions and rows are left to one thread. */
const shortest = 33;
/** With more results than this there are threads enough. */
const mostResults = 4096;
/** A batch for which schedules are made; they are right for any. */
const typicalBatch = 64;
/** Points that a thread has at least. */
const pointsEach = 4;
/** Neighbouring results of a workgroup at most, so that its threads read what lies together in memory. */
const widest = 64;
/** Points that a workgroup has at least, and how many workgroups are worth reading less of what lies together. */
const pointsOfGroup = 1024;
const manyGroups = 64;

/** Whether the steps fit; if not, none has been taken. */
export function scheduleTogether(s: Scheduling): boolean {
  return s.transaction(() => {
    s.apply({ step: 'merge_chunks' }, { step: 'collapse' }, { step: 'simplify' });
    const nest = nestOf(s.kernel);
    requires(
      freeLoops(s).length === nest.outer.length,
      'iterations of the outer loops depend on one another',
    );
    const points = Math.max(0, ...nest.body.map(pointsOf));
    const results = nest.outer.reduce((product, loop) => product * staticCount(loop), 1);
    requires(points >= shortest && results <= mostResults, 'one thread can do it');
    const innermost = nest.outer.at(-1);
    const width = innermost === undefined ? 1 : widthOf(nest, innermost, { results, points });
    const over = nest.body.flatMap((stmt) => dividedLoop(stmt, width));
    const threads = threadsFor(points, Math.max(0, ...over.map(worth)), width);
    const groups = nest.outer.map(({ axis }) => axis.name);
    if (innermost !== undefined && width > 1) bindNeighbours(s, innermost.axis, width, groups);
    bindGroups(s, groups);
    const names = over.map(({ axis }) => axis.name);
    s.apply({ step: 'cooperate', threads, to: width > 1 ? 'thread_y' : 'thread_x', over: names });
    checkSharedMemory(s.kernel);
  });
}

const typicalCount = (loop: For): number => {
  const count = countOf(loop);
  if (count !== Infinity) return count;
  return loop.axis.extent === 'N' ? typicalBatch : loop.axis.extent;
};
/** What a loop gives threads to do: a batch may be short. */
const worth = (loop: For): number => typicalCount(loop) / (countOf(loop) === Infinity ? 2 : 1);
const staticCount = (loop: For): number => (loop.axis.extent === 'N' ? 1 : loop.axis.extent);

/** Iterations of all loops of a statement together. */
function pointsOf(stmt: Stmt): number {
  const inside = Math.max(1, ...bodyOf(stmt).map(pointsOf));
  return stmt.kind === 'for' ? typicalCount(stmt) * inside : stmt.kind === 'if' ? inside : 0;
}

/** How many neighbouring results a workgroup has, so that its threads read neighbouring elements. */
function widthOf(
  { body }: Nest,
  { axis }: For,
  { results, points }: { readonly results: number; readonly points: number },
): number {
  const strides = loadsOf(body)
    .filter(({ buffer }) => buffer.space === 'global')
    .map(({ buffer, index }) => strideAlong(buffer, index, axis));
  const beside = strides.includes(1) && strides.every((stride) => stride === 0 || stride === 1);
  const { extent } = axis;
  if (!beside || extent === 'N') return 1;
  const groups = Math.min(manyGroups, (results * points) / pointsOfGroup);
  const fits = (width: number): boolean => extent % width === 0 && results / width >= groups;
  return Array.from({ length: widest }, (_, i) => i + 1).findLast(fits) ?? 1;
}

/** The loop of a statement that the threads divide among themselves: the longest, or one along memory if the results are not. */
function dividedLoop(stmt: Stmt, width: number): readonly For[] {
  const loops = nested(stmt, []);
  const writes = writesOf([stmt]);
  const stores = writes.some(({ buffer }) => buffer.space === 'global');
  const [outermost] = loops;
  if (outermost === undefined) return [];
  if (stores) return [outermost];
  const along = loops.filter((loop) =>
    loadsOf([loop]).some(({ buffer, index }) => {
      return buffer.space === 'global' && strideAlong(buffer, index, loop.axis) === 1;
    }),
  );
  const candidates = width === 1 && along.some((loop) => typicalCount(loop) >= shortest) ? along : loops;
  // Windows at an edge leave some threads of a divided loop without work.
  const even = candidates.filter(({ range }) => axesOfRange(range).size === 0);
  return (even.length > 0 ? even : candidates).toSorted((a, b) => worth(b) - worth(a)).slice(0, 1);
}

/** The loops of a statement that are nested in one another. */
function nested(stmt: Stmt, around: readonly For[]): readonly For[] {
  if (stmt.kind !== 'for' && stmt.kind !== 'if') return around;
  const here = stmt.kind === 'for' ? [...around, stmt] : around;
  const [loop] = stmt.body.filter(({ kind }) => kind === 'for' || kind === 'if');
  return loop === undefined ? here : nested(loop, here);
}

/** A power of two: so many that each thread has a few of the points, and no more than there are iterations to divide. */
function threadsFor(points: number, iterations: number, width: number): number {
  const wanted = Math.max(points / pointsEach, subgroup / width);
  return 2 ** Math.floor(Math.log2(Math.min(wanted, mostThreads / width, 2 * iterations - 1)));
}

function bindNeighbours(s: Scheduling, axis: Axis, width: number, groups: string[]): void {
  const thread = axis.extent === width ? axis.name : `${axis.name}_thread`;
  groups.pop();
  if (axis.extent !== width) {
    const block = `${axis.name}_group`;
    s.apply({ step: 'split_guarded', axis: axis.name, size: width, block, inner: thread });
    groups.push(block);
  }
  s.apply({ step: 'bind', axis: thread, to: 'thread_x' });
}
