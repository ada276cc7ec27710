/** Which operands of a launch are bound, and how. */
import { invariant } from '../../base/invariant.ts';
import type { Kernel } from '../../loop/ir.ts';
import type { Launch, Placement, Routine } from '../../program/program.ts';
import type { Shader } from './index.ts';

/** How one launch binds an operand. */
export interface Binding {
  readonly access: Shader['access'][number];
  /** The operand whose binding it has: itself, or the first that lies in the same memory. */
  readonly operand: number;
}

/**
 * An arena is one GPUBuffer, which a launch either only reads or binds for writing everywhere. Memory that a launch writes
 * has one binding only.
 */
export function bindingsOf(kernel: Kernel, launch: Launch, routine: Routine): readonly Binding[] {
  const operands = launch.operands.slice(0, kernel.inputs.length + kernel.outputs.length);
  const places = operands.map((operand): Placement => {
    const allocation = routine.allocations[operand];
    invariant(allocation, `there is no allocation ${operand}`);
    return allocation.placement;
  });
  const written = new Set(places.slice(kernel.inputs.length).map(({ arena }) => arena));
  return places.map((place, i) => {
    const operand = places.findIndex((other) => sameMemory(place, other, kernel.name));
    if (operand !== i) return { access: 'shared', operand };
    return { access: written.has(place.arena) ? 'read_write' : 'read', operand };
  });
}

function sameMemory(a: Placement, b: Placement, kernel: string): boolean {
  if (a.arena !== b.arena || a.offset >= b.offset + b.bytes || b.offset >= a.offset + a.bytes) return false;
  invariant(a.offset === b.offset, `${kernel}: operands overlap, but begin at different places`);
  return true;
}
