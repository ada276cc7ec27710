/** Addresses for a routine that is laid out: lifetimes over its launches, then the allocator, then the independent check. */
import { invariant } from '../base/invariant.ts';
import { append } from '../base/multimap.ts';
import type { MemoryBuffer } from './allocate.ts';
import { alignment, planMemory } from './allocate.ts';
import { checkPlan } from './check.ts';
import type { LaunchGroup, RoutineLayout, RoutinePlan, ScratchOf, Storage } from './types.ts';

/**
 * Places every storage in the work arena, and the scratch memory that `scratchOf` asks for. Inputs are alive from before
 * the first launch, results until after the last; an input that no launch reads later may be overwritten, so the host
 * writes all inputs before each run. `slab`: see `planMemory`.
 */
export function placeRoutine<G extends LaunchGroup>(
  layout: RoutineLayout<G>,
  scratchOf: ScratchOf<G> = () => [],
  slab = Infinity,
): RoutinePlan<G> {
  const storages = layout.storages.filter(isPlaced);
  const lives = lifetimes(layout);
  const buffers: MemoryBuffer[] = storages.map(({ id, name, bytes }) => {
    const live = lives.get(id);
    invariant(live !== undefined, `plan: nothing touches ${name}`);
    return { name, bytes, ...live };
  });
  const scratch: { readonly group: G; readonly bytes: number; readonly buffer: number }[] = [];
  [...layout.launches, ...layout.commit].forEach((launch, i) => {
    if (launch.kind !== 'group') return;
    for (const bytes of scratchOf(launch.group)) {
      scratch.push({ group: launch.group, bytes, buffer: buffers.length });
      buffers.push({
        name: `scratch of ${launch.group.root.op.name}`,
        bytes,
        firstUse: i + 1,
        lastUse: i + 1,
      });
    }
  });
  const plan = planMemory(buffers, slab);
  checkPlan(buffers, plan.offsets, plan.bytes, slab);
  const offsets = new Array<number | undefined>(layout.storages.length).fill(undefined);
  storages.forEach(({ id }, i) => (offsets[id] = plan.offsets[i]));
  const byGroup = new Map<G, { offset: number; bytes: number }[]>();
  for (const { group, bytes, buffer } of scratch) {
    const offset = plan.offsets[buffer];
    invariant(offset !== undefined, 'plan: scratch without a place');
    append(byGroup, group, { offset, bytes });
  }
  const separate = [...layout.separateBytes, ...scratch.map(({ bytes }) => bytes)];
  return {
    ...layout,
    offsets,
    scratch: byGroup,
    memory: {
      planned: plan.bytes,
      bound: plan.bound,
      naive: separate.reduce((sum, bytes) => sum + Math.ceil(bytes / alignment) * alignment, 0),
    },
  };
}

const isPlaced = ({ persistent, constant }: Storage): boolean =>
  persistent === undefined && constant === undefined;

/** First and last use of every storage: launch i is at time i + 1, inputs are written at 0, results read after the end. */
function lifetimes<G extends LaunchGroup>(
  layout: RoutineLayout<G>,
): ReadonlyMap<number, { readonly firstUse: number; readonly lastUse: number }> {
  const lives = new Map<number, { firstUse: number; lastUse: number }>();
  const touch = (storage: number, time: number): void => {
    const live = lives.get(storage);
    if (live === undefined) lives.set(storage, { firstUse: time, lastUse: time });
    else live.lastUse = Math.max(live.lastUse, time);
  };
  const all = [...layout.launches, ...layout.commit];
  for (const { layout: input } of layout.inputs) touch(input.storage, 0);
  all.forEach((launch, i) => {
    const touched =
      launch.kind === 'group'
        ? [...launch.group.inputs.filter((value) => value.kind !== 'constant'), ...launch.group.outputs].map(
            layout.layoutOf,
          )
        : launch.kind === 'copy'
          ? [launch.from, launch.to]
          : [launch.to];
    for (const { storage } of touched) touch(storage, i + 1);
  });
  for (const { layout: result } of layout.results) touch(result.storage, all.length + 1);
  // The host reads the flag between the two phases.
  if (layout.finite !== undefined) touch(layout.finite.storage, layout.launches.length + 1);
  return lives;
}
