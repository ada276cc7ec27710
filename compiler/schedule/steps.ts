/** Schedule steps: plain data that can be printed, stored and compared. Each is one rewrite of loop/transform. */
import type { Binding } from '../loop/bound.ts';
import type { Axis, Kernel } from '../loop/ir.ts';
import { visitStmts } from '../loop/rewrite.ts';
import { bind } from '../loop/transform/bind.ts';
import { clip } from '../loop/transform/clip.ts';
import { collapse } from '../loop/transform/collapse.ts';
import type { Cooperation } from '../loop/transform/cooperate.ts';
import { cooperate } from '../loop/transform/cooperate.ts';
import type { ContractionTile } from '../loop/transform/contraction/tile.ts';
import { tileContraction } from '../loop/transform/contraction/tile.ts';
import { findLoop } from '../loop/transform/find.ts';
import { hoist } from '../loop/transform/hoist.ts';
import { inlineLets } from '../loop/transform/inline.ts';
import { jam } from '../loop/transform/jam.ts';
import { keepInOutput } from '../loop/transform/keep-in-output.ts';
import { liftConditions } from '../loop/transform/lift-conditions.ts';
import { parallel } from '../loop/transform/parallel.ts';
import { mergeChunks } from '../loop/transform/merge-chunks.ts';
import { orderSums } from '../loop/transform/order-sums.ts';
import type { Overlap, Part } from '../loop/transform/partition.ts';
import { overlap, partition } from '../loop/transform/partition.ts';
import { reorder } from '../loop/transform/reorder.ts';
import { share } from '../loop/transform/share.ts';
import { shift } from '../loop/transform/shift.ts';
import { simplify } from '../loop/transform/simplify.ts';
import { splitBatch } from '../loop/transform/split-batch.ts';
import { splitGuarded } from '../loop/transform/split-guarded.ts';
import type { Staging } from '../loop/transform/stage.ts';
import { stage } from '../loop/transform/stage.ts';
import { peel, split } from '../loop/transform/split.ts';
import { spread } from '../loop/transform/spread.ts';
import { straighten } from '../loop/transform/straighten.ts';
import { startInside } from '../loop/transform/start-inside.ts';
import { requires, StepError } from '../loop/transform/step-error.ts';
import { scalarize, unroll, unrollMarked } from '../loop/transform/unroll.ts';
import { vectorize } from '../loop/transform/vectorize.ts';
import type { Choice } from './choice.ts';

export type Step =
  /** Loops that walk memory in one row become one loop. */
  | { readonly step: 'collapse' }
  /** Likewise the innermost two of a reduction, also where they walk through a window. */
  | { readonly step: 'straighten' }
  | {
      readonly step: 'split';
      readonly axis: string;
      readonly size: number;
      /** Names of the loops over blocks, inside a block, and over what is left. */
      readonly block: string;
      readonly inner: string;
      readonly rest: string;
    }
  /** A split whose last block may reach beyond the end, where conditions keep it from doing anything. */
  | {
      readonly step: 'split_guarded';
      readonly axis: string;
      readonly size: number;
      readonly block: string;
      readonly inner: string;
    }
  | { readonly step: 'peel'; readonly axis: string; readonly at: number }
  | { readonly step: 'reorder'; readonly axes: readonly string[] }
  /** Moves a loop inwards past the loops named; `unroll` marks it to be written out. */
  | {
      readonly step: 'jam';
      readonly axis: string;
      readonly through: readonly string[];
      readonly mode: 'serial' | 'unroll' | 'vectorize';
    }
  /** One loop per part of an axis, with loops of their own inside. */
  | {
      readonly step: 'partition';
      readonly axis: string;
      readonly parts: readonly Part[];
    }
  /** A split whose blocks may overlap, so that no rest is left. */
  | ({
      readonly step: 'overlap';
      readonly axis: string;
      readonly size: number;
    } & Overlap)
  | {
      readonly step: 'split_batch';
      readonly axis: string;
      readonly size: number;
      readonly block: string;
      readonly inner: string;
      readonly rest: string;
      readonly suffix: string;
    }
  /** Copies what an iteration reads of an operand into scratch memory, in an order of its own. */
  | ({ readonly step: 'stage' } & Staging)
  | { readonly step: 'vectorize'; readonly axis: string }
  /** Three loops in place of one, of which the middle one runs over constant places. */
  | {
      readonly step: 'clip';
      readonly axis: string;
      readonly from: number;
      readonly to: number;
    }
  /** A loop whose bounds move with an outer axis runs over its window instead. */
  | { readonly step: 'shift'; readonly axis: string; readonly along: string }
  | { readonly step: 'parallel'; readonly axis: string }
  /** The iterations become workgroups, or threads of one. */
  | { readonly step: 'bind'; readonly axis: string; readonly to: Binding }
  /** Several threads do together what one did; changes the order of sums. */
  | ({ readonly step: 'cooperate' } & Cooperation)
  /** Sums in chunks become plain ones; changes the order of sums. */
  | { readonly step: 'merge_chunks' }
  /** A sum of products as tiles of workgroups and threads. */
  | ({ readonly step: 'tile_contraction' } & ContractionTile)
  /** Conditions move out of loops that they do not depend on. */
  | { readonly step: 'lift_conditions' }
  | { readonly step: 'unroll'; readonly axis: string }
  /** Writes out all marked loops and turns register arrays into registers. */
  | { readonly step: 'unroll_marked' }
  /** A reduction whose order does not matter, in four lanes. */
  | { readonly step: 'spread'; readonly axis: string }
  /** Sums over the batch start in its first iteration. */
  | { readonly step: 'start_inside'; readonly axis: string }
  /** A register array moves into the output made of it. */
  | { readonly step: 'keep_in_output'; readonly array: string }
  /** Terms of one sum in registers come together. */
  | { readonly step: 'order_sums' }
  | { readonly step: 'share' }
  | { readonly step: 'hoist' }
  | { readonly step: 'inline' }
  | { readonly step: 'simplify' };

/** Steps that take the whole kernel. */
const onKernel = {
  collapse,
  straighten,
  merge_chunks: mergeChunks,
  lift_conditions: liftConditions,
  unroll_marked: (kernel: Kernel) => scalarize(unrollMarked(kernel)),
  order_sums: orderSums,
  share,
  hoist,
  inline: inlineLets,
  simplify,
} as const;
/** Steps that take a loop and nothing else. */
const onLoop = { vectorize, parallel, unroll, spread, start_inside: startInside } as const;

/** The kernel after one step. Throws a `StepError` where the step does not fit. */
export function applyStep(kernel: Kernel, step: Step): Kernel {
  switch (step.step) {
    case 'collapse':
    case 'straighten':
    case 'merge_chunks':
    case 'lift_conditions':
    case 'unroll_marked':
    case 'order_sums':
    case 'share':
    case 'hoist':
    case 'inline':
    case 'simplify':
      return onKernel[step.step](kernel);
    case 'vectorize':
    case 'parallel':
    case 'unroll':
    case 'spread':
    case 'start_inside':
      return onLoop[step.step](kernel, step.axis);
    case 'split':
      return split(kernel, step.axis, step.size, step);
    case 'split_guarded':
      return splitGuarded(kernel, step.axis, step.size, step);
    case 'split_batch':
      return splitBatch(kernel, step.axis, step.size, step);
    case 'overlap':
      return overlap(kernel, step.axis, step);
    case 'partition':
      return partition(kernel, step.axis, step.parts);
    case 'peel':
      return peel(kernel, step.axis, step.at);
    case 'clip':
      return clip(kernel, step.axis, step.from, step.to);
    case 'shift':
      return shift(kernel, step.axis, step.along);
    case 'reorder':
      return reorder(kernel, step.axes);
    case 'jam':
      return jam(kernel, step.axis, { through: axesOf(kernel, step.through), mode: step.mode });
    case 'stage':
      return stage(kernel, step);
    case 'keep_in_output':
      return kept(kernel, step.array);
    case 'bind':
      return bind(kernel, step.axis, step.to);
    case 'cooperate':
      return cooperate(kernel, step);
    case 'tile_contraction':
      return tileContraction(kernel, step);
    default:
      return step satisfies never;
  }
}

const axesOf = (kernel: Kernel, names: readonly string[]): ReadonlySet<Axis> =>
  new Set(names.map((name) => findLoop(kernel, name).axis));

function kept(kernel: Kernel, array: string): Kernel {
  let result: Kernel | undefined;
  visitStmts(kernel.body, (stmt) => {
    if (result === undefined && stmt.kind === 'alloc' && stmt.buffer.name === array)
      result = keepInOutput(kernel, stmt.buffer);
  });
  requires(result !== undefined, `${array} cannot be kept in an output`);
  return result;
}

/** A kernel on its way, and the steps that brought it there. */
export class Scheduling {
  readonly steps: Step[] = [];
  /** What whoever builds the program decided about it. */
  readonly choice: Choice;
  #kernel: Kernel;

  constructor(kernel: Kernel, choice: Choice = {}) {
    this.#kernel = kernel;
    this.choice = choice;
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  apply(...steps: readonly Step[]): void {
    for (const step of steps) {
      this.#kernel = applyStep(this.#kernel, step);
      this.steps.push(step);
    }
  }

  /** Applies the steps if all of them fit; says whether they did. */
  attempt(...steps: readonly Step[]): boolean {
    return this.transaction(() => this.apply(...steps));
  }

  /** Runs what applies steps; if one does not fit, none has been applied. Says whether all did. */
  transaction(run: () => void): boolean {
    const before = this.#kernel;
    const count = this.steps.length;
    try {
      run();
      return true;
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      this.#kernel = before;
      this.steps.length = count;
      return false;
    }
  }
}
