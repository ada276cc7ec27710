import type { Elements, PortInfo, Signature } from './types.ts';

/** How a tensor begins. */
export type Initializer =
  | { readonly kind: 'zeros' | 'ones' }
  | { readonly kind: 'constant'; readonly values: readonly number[] }
  | { readonly kind: 'glorot_uniform'; readonly fanIn: number; readonly fanOut: number }
  | { readonly kind: 'he_normal'; readonly fanIn: number };

/** What persists between calls, `offset` bytes into the weights' memory. */
export interface Tensor {
  readonly name: string;
  readonly role: 'param' | 'state' | 'slot' | 'prepared';
  readonly dtype: PortInfo['dtype'];
  readonly shape: readonly number[];
  readonly offset: number;
  readonly initializer?: Initializer;
}

export interface Launch {
  readonly run: (N: number) => void;
  /** The layer and line, and what it writes: to find the first one that goes bad. */
  readonly of?: string;
  readonly writes?: (N: number) => readonly Float32Array[];
}

/** The launches of one graph over views of its memory. */
export interface Routine {
  readonly inputs: readonly (readonly [name: string, view: Elements])[];
  readonly results: readonly (readonly [name: string, view: Elements])[];
  readonly launches: readonly Launch[];
  /** Writes weights, states and slots; runs only if `finite` is 1. */
  readonly commit: readonly Launch[];
  readonly finite?: Uint8Array;
}

export interface RoutinePlan {
  readonly maxBatch: number;
  readonly workBytes: number;
  readonly bind: (weights: ArrayBuffer, work: ArrayBuffer) => Routine;
}

/** The tables of one model: all that tells it from any other. */
export interface Blueprint {
  readonly signature: Signature;
  readonly parameters: number;
  readonly kernels: number;
  readonly tensors: readonly Tensor[];
  readonly weightsBytes: number;
  readonly routines: {
    readonly prepare?: RoutinePlan;
    readonly infer: RoutinePlan;
    readonly evaluate?: RoutinePlan;
    readonly step?: RoutinePlan;
  };
  readonly epochs?: number;
  /** Labels that are class indices, and how many classes there are. */
  readonly classCounts?: readonly (readonly [label: string, classes: number])[];
  /** A safetensors file in base64. */
  readonly embedded?: string;
}
