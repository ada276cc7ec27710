/** Schedule steps: plain data that can be printed, stored and compared. Each is one rewrite of loop/transform. */
import { invariant } from '../base/invariant.ts';
import type { Kernel } from '../loop/ir.ts';
import { collapse } from '../loop/transform/collapse.ts';
import { findLoop } from '../loop/transform/find.ts';
import { hoist } from '../loop/transform/hoist.ts';
import { inlineLets } from '../loop/transform/inline.ts';
import { jam } from '../loop/transform/jam.ts';
import { keepInOutput } from '../loop/transform/keep-in-output.ts';
import { lowerMath } from '../loop/transform/lower-math.ts';
import { reorder } from '../loop/transform/reorder.ts';
import { share } from '../loop/transform/share.ts';
import { simplify } from '../loop/transform/simplify.ts';
import { peel, split } from '../loop/transform/split.ts';
import { scalarize, unroll, unrollMarked } from '../loop/transform/unroll.ts';
import { visitStmts } from '../loop/rewrite.ts';

export type Step =
  /** Loops that walk memory in one row become one loop. */
  | { readonly step: 'collapse' }
  | {
      readonly step: 'split';
      readonly axis: string;
      readonly size: number;
      /** Names of the loops over blocks, inside a block, and over what is left. */
      readonly block: string;
      readonly inner: string;
      readonly rest: string;
    }
  | { readonly step: 'peel'; readonly axis: string; readonly at: number }
  | { readonly step: 'reorder'; readonly axes: readonly string[] }
  /** Moves a loop inwards past the loops named; `unroll` marks it to be written out. */
  | {
      readonly step: 'jam';
      readonly axis: string;
      readonly through: readonly string[];
      readonly mode: 'serial' | 'unroll';
    }
  | { readonly step: 'unroll'; readonly axis: string }
  /** Writes out all marked loops and turns register arrays into registers. */
  | { readonly step: 'unroll_marked' }
  /** A register array moves into the output made of it. */
  | { readonly step: 'keep_in_output'; readonly array: string }
  /** exp, log and tanh as f32 arithmetic. */
  | { readonly step: 'lower_math' }
  | { readonly step: 'share' }
  | { readonly step: 'hoist' }
  | { readonly step: 'inline' }
  | { readonly step: 'simplify' };

/** The kernel after one step. Throws an InvariantError where the step does not fit. */
export function applyStep(kernel: Kernel, step: Step): Kernel {
  switch (step.step) {
    case 'collapse':
      return collapse(kernel);
    case 'split':
      return split(kernel, step.axis, step.size, step);
    case 'peel':
      return peel(kernel, step.axis, step.at);
    case 'reorder':
      return reorder(kernel, step.axes);
    case 'jam': {
      const through = new Set(step.through.map((name) => findLoop(kernel, name).axis));
      return jam(kernel, step.axis, { through, mode: step.mode });
    }
    case 'unroll':
      return unroll(kernel, step.axis);
    case 'unroll_marked':
      return scalarize(unrollMarked(kernel));
    case 'keep_in_output':
      return kept(kernel, step.array);
    case 'lower_math':
      return lowerMath(kernel);
    case 'share':
      return share(kernel);
    case 'hoist':
      return hoist(kernel);
    case 'inline':
      return inlineLets(kernel);
    case 'simplify':
      return simplify(kernel);
    default:
      return step satisfies never;
  }
}

function kept(kernel: Kernel, array: string): Kernel {
  let result: Kernel | undefined;
  visitStmts(kernel.body, (stmt) => {
    if (result === undefined && stmt.kind === 'alloc' && stmt.buffer.name === array)
      result = keepInOutput(kernel, stmt.buffer);
  });
  invariant(result !== undefined, `${array} cannot be kept in an output`);
  return result;
}

/** A kernel on its way, and the steps that brought it there. */
export class Scheduling {
  readonly steps: Step[] = [];
  #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
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
    const before = this.#kernel;
    const count = this.steps.length;
    try {
      this.apply(...steps);
      return true;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'InvariantError') throw error;
      this.#kernel = before;
      this.steps.length = count;
      return false;
    }
  }
}
