import type { PortInfo } from './model-types.ts';
import type { Blueprint } from './program.ts';

/**
 * Where something lies, in bytes: with what persists, with what a routine works on, in a uniform `Batch`, that of the commit
 * phase or that of all else, or among the times of passes. Elements have 32 bits there, bytes and booleans too.
 */
export type Place = readonly [
  arena: 'weights' | 'work' | 'batch' | 'commit' | 'times',
  offset: number,
  bytes: number,
];

export interface Shader {
  /** Of its entry point. */
  readonly name: string;
  /** Of operand i, at binding i + 1; `shared`: it lies where one before it does, and has that one's binding. */
  readonly access: readonly ('read' | 'read_write' | 'shared')[];
  readonly workgroups: (N: number) => readonly [number, number, number];
  readonly code: string;
  /** It is for a device with f16. */
  readonly f16?: boolean;
  /** The same for a device with subgroups, where they help. */
  readonly subgroups?: string;
}

export interface GpuLaunch {
  readonly shader: Shader;
  readonly operands: readonly Place[];
  /** As of `Traced`; `read` gives what stands somewhere. */
  readonly of?: string;
  readonly writes?: (
    read: (place: Place) => Promise<Float32Array>,
    N: number,
  ) => Promise<readonly Float32Array[]>;
}

export type GpuPort = readonly [name: string, dtype: PortInfo['dtype'], length: number, place: Place];

/** The launches of one graph. */
export interface GpuRoutine {
  readonly inputs: readonly GpuPort[];
  readonly results: readonly GpuPort[];
  readonly launches: readonly GpuLaunch[];
  /** Changes what persists, if a 1 stands at `finite`. */
  readonly commit?: readonly GpuLaunch[];
  readonly finite?: Place;
}

export interface GpuBlueprint extends Blueprint {
  /** In place of `routines` on a device with f16. */
  readonly halved?: Partial<Blueprint['routines']>;
  /** What every shader begins with. */
  readonly common: string;
  /** Where arenas are of more than one buffer: bytes of each. A place lies within one. */
  readonly slab?: number;
}
