import type { Elements, PortInfo, Signature } from './model-types.ts';

export type Initializer =
  | { readonly kind: 'zeros' | 'ones' }
  | { readonly kind: 'constant'; readonly values: readonly number[] }
  | { readonly kind: 'glorot_uniform'; readonly fanIn: number; readonly fanOut: number }
  | { readonly kind: 'he_normal'; readonly fanIn: number };

/** What persists between calls, at a byte offset in the memory of the weights. */
export interface Tensor {
  readonly name: string;
  readonly role: 'param' | 'state' | 'slot' | 'prepared' | 'constant';
  readonly dtype?: PortInfo['dtype'];
  readonly shape: readonly number[];
  readonly offset: number;
  readonly init?: Initializer;
}

export interface Launch {
  readonly run: (N: number, start: number, end: number) => void;
  /** Iterations of a long kernel, which runs in parts from `start` to before `end`. */
  readonly parts?: number | 'N';
  /** In `step`: the layer, and what is written, to find where numbers go bad. */
  readonly of?: string;
  readonly writes?: (N: number) => readonly Float32Array[];
}

type Views = readonly (readonly [name: string, view: Elements])[];

/** The launches of one graph, bound to memory. */
export interface Routine {
  readonly inputs: Views;
  readonly results: Views;
  readonly launches: readonly Launch[];
  /** Changes what persists; runs only if `finite` holds a 1. */
  readonly commit?: readonly Launch[];
  readonly finite?: Uint8Array;
}

export interface Plan {
  readonly maxBatch: number;
  readonly bytes: number;
  readonly bind: (weights: ArrayBuffer, work: ArrayBuffer) => Routine;
}

export interface Blueprint {
  readonly signature: Signature;
  readonly kernels: number;
  readonly tensors: readonly Tensor[];
  readonly bytes: number;
  readonly routines: Readonly<Record<'infer', Plan>> &
    Readonly<Partial<Record<'prepare' | 'evaluate' | 'step', Plan>>>;
  readonly epochs?: number;
  /** Labels that are classes, with their number. */
  readonly classCounts?: readonly (readonly [label: string, classes: number])[];
  /** A safetensors file. */
  readonly embedded?: () => Uint8Array;
}
