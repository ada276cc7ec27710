/** Which of the functions exp, log and tanh the kernels of a module call, and under which index. */
import type { MathOp } from '../../loop/math.ts';
import type { Code } from './code.ts';

/** One function: of a scalar, or of four lanes at once. */
export interface MathCall {
  readonly op: MathOp;
  readonly type: 'f32' | 'v128';
}

/** The functions in the order in which they were first called; `first` is the index of the first one. */
export class MathCalls {
  readonly #first: number;
  readonly #calls: MathCall[] = [];

  constructor(first: number) {
    this.#first = first;
  }

  get all(): readonly MathCall[] {
    return this.#calls;
  }

  /** Replaces the value on the stack by the function of it. */
  push(code: Code, op: MathOp, type: MathCall['type']): void {
    const known = this.#calls.findIndex((call) => call.op === op && call.type === type);
    if (known < 0) this.#calls.push({ op, type });
    code.push({ op: 'call', function: this.#first + (known < 0 ? this.#calls.length - 1 : known) });
  }
}
