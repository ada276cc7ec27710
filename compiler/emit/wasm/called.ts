/** The functions that the kernels of a module call, and under which index. */
import type { MathOp } from '../../loop/math.ts';
import type { Code } from './code.ts';
import type { WasmFunction } from './instructions.ts';

/** exp, log or tanh: of a scalar, or of four lanes at once. */
export interface MathCall {
  readonly op: MathOp;
  readonly type: 'f32' | 'v128';
}

/** The functions in the order in which they were first called; `first` is the index of the first one. */
export class Called {
  readonly #first: number;
  readonly #all: (MathCall | WasmFunction)[] = [];

  constructor(first: number) {
    this.#first = first;
  }

  get all(): readonly (MathCall | WasmFunction)[] {
    return this.#all;
  }

  /** The index of a new function. */
  add(fn: WasmFunction): number {
    return this.#first + this.#all.push(fn) - 1;
  }

  /** Replaces the value on the stack by the function of it. */
  push(code: Code, op: MathOp, type: MathCall['type']): void {
    const known = this.#all.findIndex((call) => 'op' in call && call.op === op && call.type === type);
    const index = known < 0 ? this.#all.push({ op, type }) - 1 : known;
    code.push({ op: 'call', function: this.#first + index });
  }
}
