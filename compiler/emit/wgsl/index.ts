/** A Program as WGSL: shaders that a person can read, and what a host needs to launch them. */
import { InvariantError } from '../../base/invariant.ts';
import type { Program, Routine } from '../../program/program.ts';

/** How many workgroups along one axis: ceil((constant + perSample * N) / divisor). */
export interface WorkgroupCount {
  readonly constant: number;
  readonly perSample: number;
  readonly divisor: number;
}

export interface Shader {
  /** Entry point and label. */
  readonly name: string;
  /** Its declarations and entry point; complete behind `WgslProgram.common`. */
  readonly text: string;
  /** Access of each operand of the launch; operand i is binding i + 1 of group 0. Binding 0 is the uniform `Batch`. */
  readonly access: readonly ('read' | 'read_write')[];
  readonly workgroups: readonly [x: WorkgroupCount, y: WorkgroupCount, z: WorkgroupCount];
}

export interface WgslProgram {
  /** `enable` directives, and `struct Batch { samples: u32, go: u32 }` with its binding: begins every shader. */
  readonly common: string;
  readonly shaders: readonly Shader[];
  /** Of each routine: the index into `shaders` of every launch, those of the commit phase last. */
  readonly launches: ReadonlyMap<Routine['name'], readonly number[]>;
}

/** All shaders of a program whose kernels are scheduled for `wgsl`. Equal kernels share one, unless their access differs. */
export function emitWgsl(program: Program): WgslProgram {
  throw new InvariantError(`no shaders yet for ${program.name}`);
}
