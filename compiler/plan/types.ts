/** What the plan decides, and what it needs to know of a group of nodes that becomes one launch. */
import type { Location } from '../base/source.ts';
import type { DType, Extent } from '../base/types.ts';
import type { Constant, Node, Value } from '../graph/ir.ts';

/** What the sizes of tensors depend on. */
export interface Sizes {
  readonly maxBatch: number;
  /** What one element takes in memory. */
  readonly elementBytes: Readonly<Record<DType, number>>;
  readonly halves?: Halves;
}

/** What is stored as f16 where it is f32 otherwise. */
export interface Halves {
  /** Names of persistent tensors. */
  readonly persistent: ReadonlySet<string>;
  /** Whether large tensors in working memory are, too; inputs and results never are. */
  readonly work: boolean;
}

/** The part of a fused group that planning needs; the launch order returns the caller's own groups. */
export interface LaunchGroup {
  readonly nodes: readonly Node[];
  /** The node whose reduction or gather the loops are built around. */
  readonly root: Node;
  /** Values read from memory. */
  readonly inputs: readonly Value[];
  /** Nodes of the group that are stored. */
  readonly outputs: readonly Value[];
  /** Groups that its kernel runs one after the other, row by row. */
  readonly parts?: readonly LaunchGroup[];
}

/**
 * How one value lies in its storage; `stored` as of `Buffer`. Strides and offset in elements; dense unless it is a member of a
 * concatenation.
 */
export interface Layout {
  /** Index into `storages`. */
  readonly storage: number;
  readonly dtype: DType;
  readonly shape: readonly Extent[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly stored?: 'f16';
}

/** One piece of memory. Several values share it: views, windows of a concatenation, in-place results. */
export interface Storage {
  readonly id: number;
  /** For reports and comments: the name of an input or persistent tensor, else `%12 conv2d`. */
  readonly name: string;
  readonly dtype: DType;
  /** The shape of the value that fills it. */
  readonly shape: readonly Extent[];
  readonly stored?: 'f16';
  /** At maxBatch, not rounded up. */
  readonly bytes: number;
  /** The persistent tensor (param, state, slot, prepared value) that this is; it takes no work memory. */
  readonly persistent?: string;
  /** A literal that is read from memory; it is persistent too, and filled when the model is made. */
  readonly constant?: Constant;
}

/** One step of a routine, in order. */
export type PlannedLaunch<G extends LaunchGroup = LaunchGroup> =
  | { readonly kind: 'group'; readonly group: G }
  /** Element by element between two layouts of a shape: an operand that has no place in its concatenation, a commit. */
  | {
      readonly kind: 'copy';
      readonly from: Layout;
      readonly to: Layout;
      readonly location: Location | undefined;
      /** For the comment at the launch: `concatenate`, `commit conv2d.kernel`. */
      readonly purpose: string;
    }
  /** Every element of `to` becomes `value`: a constant that is returned, concatenated or committed. */
  | {
      readonly kind: 'fill';
      readonly value: number;
      readonly to: Layout;
      readonly location: Location | undefined;
      readonly purpose: string;
    };

/** All decisions but the addresses: enough to lower every group. */
export interface RoutineLayout<G extends LaunchGroup = LaunchGroup> {
  readonly storages: readonly Storage[];
  /** Where a value lies: any parameter, group input, group output or returned value. Throws an InvariantError for others. */
  readonly layoutOf: (value: Value) => Layout;
  /** Compute first: none of these writes persistent memory when the graph has a commit phase of its own. */
  readonly launches: readonly PlannedLaunch<G>[];
  /** Every launch that writes persistent memory, after all readers of the old values. */
  readonly commit: readonly PlannedLaunch<G>[];
  readonly inputs: readonly { readonly name: string; readonly layout: Layout }[];
  /** Dense. A result named `$finite` is in `finite` instead. */
  readonly results: readonly { readonly name: string; readonly layout: Layout }[];
  readonly finite?: Layout;
  /** Bytes of each value that would need memory in a plan without views, windows and reuse. */
  readonly separateBytes: readonly number[];
  /** Pairs of a group's output and the input it overwrites: kernels may be told that these are the same memory. */
  readonly inPlace: readonly { readonly group: G; readonly output: Value; readonly input: Value }[];
}

export interface MemoryReport {
  /** Bytes of the work arena. */
  readonly planned: number;
  /** The largest sum of buffers live at once in this launch order: no plan can be smaller. */
  readonly bound: number;
  /** Bytes if every value had memory of its own: no views, no windows, no reuse. */
  readonly naive: number;
}

/** Working memory that one launch needs for itself, in bytes each. */
export type ScratchOf<G extends LaunchGroup> = (group: G) => readonly number[];

export interface RoutinePlan<G extends LaunchGroup = LaunchGroup> extends RoutineLayout<G> {
  /** By storage id: bytes from the start of the work arena, a multiple of 256; undefined for persistent storages. */
  readonly offsets: readonly (number | undefined)[];
  /** By group: offsets of its scratch buffers, in the order `scratchOf` gave them. */
  readonly scratch: ReadonlyMap<G, readonly { readonly offset: number; readonly bytes: number }[]>;
  readonly memory: MemoryReport;
}
