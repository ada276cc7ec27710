import type { Elements, PortInfo, Signature } from './model-types.ts';

/** What persists between calls, at a byte offset. Begins as zeros, as `fill` again and again, or as drawn. */
export interface Tensor {
  readonly name: string;
  readonly role: 'param' | 'state' | 'slot' | 'prepared' | 'constant';
  readonly dtype?: PortInfo['dtype'];
  readonly shape: readonly number[];
  readonly offset: number;
  readonly fill?: readonly number[];
  readonly draw?: Draw;
}

/** A random number of a stream. */
export type Draw = (seed: number, stream: number, index: number) => number;

/** With its memory. */
export interface HeldTensor extends Tensor {
  readonly dtype: PortInfo['dtype'];
  readonly data: Elements;
}

export interface Launch {
  readonly run: (N: number, start: number, end: number) => void;
  /** Iterations of a long kernel, which runs in parts from `start` to before `end`. */
  readonly parts?: number | 'N';
  /** Each of them in this many. */
  readonly each?: number;
  /** To find where numbers go bad: its layer, and what it writes. */
  readonly of?: string;
  readonly writes?: (N: number) => readonly Float32Array[] | Promise<readonly Float32Array[]>;
}

type Views = readonly (readonly [string, Elements, ...unknown[]])[];

/** The launches of one graph, bound to memory. */
export interface Routine {
  readonly inputs: Views;
  readonly results: Views;
  readonly launches: readonly Launch[];
  /** Changes what persists, if `finite` holds a 1. */
  readonly commit?: readonly Launch[];
  readonly finite?: Uint8Array;
}

export interface Plan {
  readonly maxBatch: number;
  readonly bytes: number;
  /** A `Routine`, or what the engine takes instead. */
  readonly bind: (weights: ArrayBuffer, work: ArrayBuffer) => object;
}

interface Routines {
  readonly prepare?: Plan;
  readonly infer: Plan;
  readonly evaluate?: Plan;
  readonly observe?: Plan;
  readonly step?: Plan;
}

export interface Blueprint {
  readonly signature: Signature;
  readonly kernels: number;
  readonly tensors: readonly Tensor[];
  readonly bytes: number;
  readonly routines: Routines;
  readonly epochs?: number;
  /** Labels that are classes, with their number. */
  readonly classCounts?: readonly (readonly [label: string, classes: number])[];
  /** A safetensors file. */
  readonly embedded?: () => Uint8Array;
}
