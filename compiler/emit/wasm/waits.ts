/** Before which launches threads wait for one another. */
import type { Kernel } from '../../loop/ir.ts';
import type { Allocation, Launch, Routine } from '../../program/program.ts';

/** Memory that a launch reads or writes. */
interface Access {
  readonly allocation: Allocation;
  readonly writes: boolean;
}

/** The numbers of the launches that touch what one since the last wait writes, or write what it reads; never the first. */
export function waits(routine: Routine, kernels: readonly Kernel[]): ReadonlySet<number> {
  const found = new Set<number>();
  let before: Access[] = [];
  [...routine.launches, ...routine.commit].forEach((launch, i) => {
    const accesses = accessesOf(launch, i >= routine.launches.length, routine, kernels);
    if (accesses.some((access) => before.some((other) => collide(access, other)))) {
      found.add(i);
      before = [];
    }
    before.push(...accesses);
  });
  return found;
}

function accessesOf(
  { kernel, operands }: Launch,
  commits: boolean,
  { allocations, finite }: Routine,
  kernels: readonly Kernel[],
): readonly Access[] {
  const read = kernels[kernel]?.inputs.length ?? 0;
  const touched = operands.map((operand, i) => ({ operand, writes: i >= read }));
  // The commit phase runs where the flag is set.
  if (commits && finite !== undefined) touched.push({ operand: finite, writes: false });
  return touched.flatMap(({ operand, writes }) => {
    const allocation = allocations[operand];
    return allocation === undefined ? [] : [{ allocation, writes }];
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
