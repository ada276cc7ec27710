/**
 * The oracle: runs a kernel one scalar at a time and checks every access. A kernel becomes closures over slots first,
 * so that a test can afford a few million operations.
 */
import { invariant } from '../base/invariant.ts';
import type { Precision } from './arithmetic.ts';
import { boundKernel } from './bound.ts';
import type { Kernel } from './ir.ts';
import type { Elements } from './machine.ts';
import { Machine } from './machine.ts';
import { Races } from './races.ts';
import { runWorkgroups } from './workgroups.ts';

export type { Elements } from './machine.ts';
export { elementsFor } from './machine.ts';

export interface InterpretOptions {
  /** The actual batch. */
  readonly n: number;
  readonly precision: Precision;
  /**
   * For kernels whose loops are bound to workgroups and threads: fail where two threads write one element, or one reads what
   * another writes, with no barrier between. Default: false; it takes a multiple of the time.
   */
  readonly races?: boolean;
}

/**
 * Runs `kernel` on `operands`, one array per input and then one per output; outputs are written in place, those that are
 * stored as f16 rounded to such numbers. The threads of a workgroup run together from barrier to barrier. Throws an
 * InvariantError at the first access out of bounds.
 */
export function interpret(kernel: Kernel, operands: readonly Elements[], options: InterpretOptions): void {
  const buffers = [...kernel.inputs, ...kernel.outputs];
  invariant(
    operands.length === buffers.length,
    `${kernel.name} takes ${buffers.length} operands, got ${operands.length}`,
  );
  const { n, precision } = options;
  const races = options.races === true ? new Races(kernel.name) : undefined;
  const machine = new Machine({ n, precision, races });
  buffers.forEach((buffer, i) => machine.bind(buffer, operands[i]!));
  const bound = boundKernel(kernel);
  if (bound.body === kernel.body) machine.block(kernel.body)();
  else runWorkgroups(bound, machine, races);
}
