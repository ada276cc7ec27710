import type { Elements } from './model-types.ts';
import type { Blueprint } from './program.ts';

/**
 * Where something lies, in bytes: with what persists, with what a routine works on, or with what the host tells launches (a
 * `Batch`, at 0) and is told. Elements have 32 bits there, bytes and booleans too.
 */
export type Place = readonly [arena: 'weights' | 'work' | 'host', offset: number, bytes: number];

export interface Shader {
  /** Of its entry point. */
  readonly name: string;
  /** That of the `Batch`, and one for each operand of a launch. */
  readonly bindings: readonly ('uniform' | 'storage' | 'read-only-storage')[];
  readonly workgroups: (N: number) => readonly [x: number, y: number, z: number];
  readonly code: string;
  /** The same for a device with subgroups, where they help. */
  readonly subgroups?: string;
}

/** Gives the first so many numbers at a place. */
type Read = (place: Place, count: number) => Promise<Float32Array>;

export interface GpuLaunch {
  readonly shader: Shader;
  readonly operands: readonly Place[];
  /** As of `Launch`. */
  readonly of?: string;
  readonly writes?: (read: Read, N: number) => readonly Promise<Float32Array>[];
}

/** An array here, and where its elements lie there. */
export type GpuPort = readonly [name: string, view: Elements, place: Place];

/** The launches of one graph. */
export interface GpuRoutine {
  readonly inputs: readonly GpuPort[];
  readonly results: readonly GpuPort[];
  /** The last one of a step closes its commit phase, if not all is finite. */
  readonly launches: readonly GpuLaunch[];
  /** Changes what persists. */
  readonly commit?: readonly GpuLaunch[];
}

export interface GpuBlueprint extends Blueprint {
  /** In place of `routines` on a device with f16. */
  readonly halved?: Partial<Blueprint['routines']>;
  /** What a device must have. */
  readonly limits: Readonly<Record<string, number>>;
  /** Features of devices that help, and what with. */
  readonly features: Readonly<Record<string, string>>;
  /** Bytes of each buffer of an arena that has several. A place lies within one. */
  readonly slab?: number;
}
