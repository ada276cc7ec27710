/** All that a target sees: the interface of the model, kernels, launches and placements. A target knows no layer and no op. */
import type { Location } from '../base/source.ts';
import type { DType, Extent } from '../base/types.ts';
import type { Initializer, ObservedLayer, ObservedSaliency, Port, Training } from './interface.ts';
import type { Kernel } from '../loop/ir.ts';

/** Where a value lives. `arena`: `persistent` (weights, states, slots, prepared values) or the working memory of one graph. */
export interface Placement {
  readonly arena: 'persistent' | 'work';
  /** In bytes, a multiple of 256 so that it can be bound on a GPU too; planned at maxBatch. See also `Program.slabBytes`. */
  readonly offset: number;
  readonly bytes: number;
}

/** A named tensor in memory. Strided windows (concat members) are in the kernel's own Buffer, not here. */
export interface Allocation {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Extent[];
  /** As in the kernels' buffers. */
  readonly stored?: 'f16';
  readonly placement: Placement;
}

/** One kernel call: an allocation per kernel input, output, then scratch buffer, in that order. */
export interface Launch {
  /** Index into `Program.kernels`. */
  readonly kernel: number;
  /** Indices into `Routine.allocations`. */
  readonly operands: readonly number[];
  /** The `.cnn` lines it computes, the root op first. */
  readonly locations: readonly Location[];
  /** What it computes, for a comment: `conv2d + add + relu → f32[N, 26, 26, 32]`. */
  readonly comment: string;
}

/** The launches of one graph. */
export interface Routine {
  readonly name: 'prepare' | 'infer' | 'evaluate' | 'observe' | 'step';
  /** 1 for prepare, which never contains N, and for observe. */
  readonly maxBatch: number;
  /** Every tensor the launches touch: inputs, persistent ones, intermediates, results, scratch. */
  readonly allocations: readonly Allocation[];
  /** By input or label name (also `$seed`, `$step`): index into allocations. */
  readonly inputs: readonly { readonly name: string; readonly allocation: number }[];
  readonly results: readonly { readonly name: string; readonly allocation: number }[];
  /** Compute first. In `step` none of these writes persistent memory. */
  readonly launches: readonly Launch[];
  /** The commit phase of `step`: every launch that writes persistent memory, run only if `finite` holds. */
  readonly commit: readonly Launch[];
  /** A bool[] allocation that is 1 when loss and gradients are finite; in `step` only. */
  readonly finite?: number;
  /** Planned bytes of the work arena, their lower bound for this launch order, and without any sharing. */
  readonly memory: { readonly planned: number; readonly bound: number; readonly naive: number };
}

/**
 * A persistent tensor. `prepared`: computed by the `prepare` routine from the others; `constant`: a literal, filled by its
 * initializer when the model is made. Neither is saved in files.
 */
export interface PersistentTensor {
  readonly name: string;
  readonly role: 'param' | 'state' | 'slot' | 'prepared' | 'constant';
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly stored?: 'f16';
  readonly placement: Placement;
  /** Absent for `prepared`. */
  readonly initializer?: Initializer;
}

export interface Program {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly training?: Training;
  /** What the routine `observe` gives behind the outputs, in order. */
  readonly observed?: {
    readonly layers: readonly ObservedLayer[];
    readonly saliency: readonly ObservedSaliency[];
  };
  readonly persistent: readonly PersistentTensor[];
  readonly persistentBytes: number;
  /** Where arenas come in pieces: their size, the last one's aside. No placement has bytes on both sides of a multiple of it. */
  readonly slabBytes?: number;
  /** Deduplicated by structure over all routines. */
  readonly kernels: readonly Kernel[];
  readonly routines: readonly Routine[];
  /** `prepare` and `infer` in place of those above where a device has f16. */
  readonly halved?: readonly Routine[];
}
