/** What is known where a statement is printed. */
import { invariant } from '../../base/invariant.ts';
import type { Interval, IntervalOf } from '../../loop/bounds.ts';
import { wholeInterval } from '../../loop/bounds.ts';
import type { Axis, Buffer, Local, Stmt } from '../../loop/ir.ts';
import { batchAxis } from '../../loop/ir.ts';
import type { Block } from './block.ts';
import { Sums } from './block.ts';
import type { Value } from './expression.ts';
import type { Helpers } from './functions.ts';
import type { Storage } from './memory.ts';
import type { Lane } from './subgroups.ts';

/** How a buffer is reached: the name of an array, or of a variable for each place. */
export interface Memory extends Storage {
  readonly name: string;
  readonly variable: ReadonlyMap<number, string>;
}

/** What all blocks of one function share. */
export interface FunctionState {
  readonly helpers: Helpers;
  readonly storages: ReadonlyMap<Buffer, Storage>;
  readonly memory: Map<Buffer, Memory>;
  readonly axes: Map<Axis, string>;
  readonly locals: Map<Local, Value>;
  readonly intervals: Map<Axis, Interval>;
  /** A number for each axis, another one in each of its loops. */
  readonly ids: Map<Axis, number>;
  opened: number;
  /** Axes that the text mentions, the batch among them. */
  readonly used: Set<Axis>;
  readonly sums: Sums;
  /** The variables that a block under construction mentions. */
  touched: Set<string>;
  /** What the memory of reductions is called, and how a thread knows its place: with subgroups. */
  readonly parts: Map<Stmt, string>;
  lane: Lane | undefined;
}

export const functionState = (
  helpers: Helpers,
  storages: ReadonlyMap<Buffer, Storage> = new Map(),
): FunctionState => ({
  helpers,
  storages,
  memory: new Map(),
  axes: new Map([[batchAxis, 'N']]),
  locals: new Map(),
  intervals: new Map(),
  ids: new Map([[batchAxis, 0]]),
  opened: 1,
  used: new Set(),
  sums: new Sums(),
  touched: new Set(),
  parts: new Map(),
  lane: undefined,
});

/** A variable that is allocated, but not declared yet. */
interface Pending {
  readonly type: string;
  /** The literal that has been stored. */
  readonly initial?: string;
  /** Stores that are still to come. */
  readonly writes: number;
}

/** One block of a function. */
export class Scope {
  readonly state: FunctionState;
  readonly block: Block;
  /** The axis whose iterations are the components of vec4. */
  readonly lanes: Axis | undefined;
  /** Variables are declared by what is stored first; but not by a literal that another store replaces before it is read. */
  readonly #pending: Map<string, Pending>;

  constructor(state: FunctionState, block: Block, lanes?: Axis, pending = new Map<string, Pending>()) {
    this.state = state;
    this.block = block;
    this.lanes = lanes;
    this.#pending = pending;
  }

  /** The same block, in lanes. */
  inLanes(axis: Axis): Scope {
    invariant(this.lanes === undefined, `lanes ${axis.name} in lanes`);
    return new Scope(this.state, this.block, axis, this.#pending);
  }

  unique(wanted: string): string {
    return this.block.names.unique(wanted);
  }

  /** `wanted` itself, if it is free. */
  exact(wanted: string): string {
    return this.block.names.exact(wanted);
  }

  push(line: string): void {
    this.block.push(line);
  }

  /** A block inside of this one: `print` says what is in it, and gives its head. */
  pushBlock(print: (body: Scope) => string): void {
    const body = new Scope(this.state, this.block.nested(), this.lanes);
    const outer = this.state.touched;
    const inner = new Set<string>();
    this.state.touched = inner;
    const head = print(body);
    this.state.touched = outer;
    for (const variable of inner) this.touch(variable);
    this.block.pushBlock(head, body.block);
  }

  allocate(variable: string, type: string, writes: number): void {
    this.#pending.set(variable, { type, writes });
  }

  /** Declares a variable, if it is not: it is going to be read or changed. */
  touch(variable: string): void {
    this.state.touched.add(variable);
    const pending = this.#pending.get(variable);
    if (pending === undefined) return;
    this.#pending.delete(variable);
    const { initial, type } = pending;
    this.push(initial === undefined ? `var ${variable}: ${type};` : `var ${variable} = ${initial};`);
  }

  store(variable: string, text: string, isLiteral: boolean): void {
    this.state.touched.add(variable);
    const pending = this.#pending.get(variable);
    if (pending === undefined) return this.push(`${variable} = ${text};`);
    const { type, writes } = pending;
    if (isLiteral && writes > 1) {
      this.#pending.set(variable, { type, initial: text, writes: writes - 1 });
    } else {
      this.#pending.delete(variable);
      this.push(`${writes === 1 ? 'let' : 'var'} ${variable} = ${text};`);
    }
  }

  /** Names the axis of a loop that begins here, or of threads. */
  open(axis: Axis, interval: Interval): string {
    const name = this.unique(axis.name);
    this.state.axes.set(axis, name);
    this.state.ids.set(axis, this.state.opened++);
    this.state.intervals.set(axis, interval);
    return name;
  }

  axis(axis: Axis): string {
    const name = this.state.axes.get(axis);
    invariant(name !== undefined, `${axis.name} is used outside of its loop`);
    this.state.used.add(axis);
    return name;
  }

  local(local: Local): Value {
    const value = this.state.locals.get(local);
    invariant(value !== undefined, `${local.name} is used before it is computed`);
    return value;
  }

  memory(buffer: Buffer): Memory {
    const memory = this.state.memory.get(buffer);
    invariant(memory !== undefined, `${buffer.name} is neither an operand nor allocated`);
    return memory;
  }

  readonly intervalOf: IntervalOf = (axis) => this.state.intervals.get(axis) ?? wholeInterval(axis);
}
