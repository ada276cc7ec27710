/** Before which launches threads wait for one another. */
import type { Kernel } from '../../loop/ir.ts';
import { hasParallel, writesOnce } from '../../loop/transform/parallel.ts';
import type { Allocation, Launch, Routine } from '../../program/program.ts';

/** Memory that a launch reads or writes. */
interface Access {
  readonly allocation: Allocation;
  readonly writes: boolean;
  /** Its number. */
  readonly by: number;
}

/**
 * The numbers of the launches before which threads wait; never the first. One that touches what another since the last wait
 * writes, or writes what it reads, needs a wait between the two. It stands before the last possible launch, or before one whose
 * shares are fixed, so that what comes behind evens them out.
 */
export function waits(routine: Routine, kernels: readonly Kernel[]): ReadonlySet<number> {
  const found = new Set<number>();
  const launches = [...routine.launches, ...routine.commit];
  const isFixed = (i: number): boolean => {
    const kernel = kernels[launches[i]?.kernel ?? -1];
    return kernel !== undefined && hasParallel(kernel.body) && !writesOnce(kernel);
  };
  let before: Access[] = [];
  launches.forEach((launch, i) => {
    const accesses = accessesOf(launch, i, routine, kernels);
    const needed = before.findLast((other) => accesses.some((access) => collide(access, other)));
    if (needed !== undefined) {
      let at = needed.by + 1;
      while (at < i && !isFixed(at)) at++;
      found.add(at);
      before = before.filter(({ by }) => by >= at);
    }
    before.push(...accesses);
  });
  return found;
}

function accessesOf(
  { kernel, operands }: Launch,
  by: number,
  { launches, allocations, finite }: Routine,
  kernels: readonly Kernel[],
): readonly Access[] {
  const commits = by >= launches.length;
  const read = kernels[kernel]?.inputs.length ?? 0;
  const touched = operands.map((operand, i) => ({ operand, writes: i >= read }));
  // The commit phase runs where the flag is set.
  if (commits && finite !== undefined) touched.push({ operand: finite, writes: false });
  return touched.flatMap(({ operand, writes }) => {
    const allocation = allocations[operand];
    return allocation === undefined ? [] : [{ allocation, writes, by }];
  });
}

function collide(a: Access, b: Access): boolean {
  if (!a.writes && !b.writes) return false;
  const [one, other] = [a.allocation.placement, b.allocation.placement];
  return (
    one.arena === other.arena &&
    one.offset < other.offset + other.bytes &&
    other.offset < one.offset + one.bytes
  );
}
