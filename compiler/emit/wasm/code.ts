/** Writing the body of a function: instructions in order, locals by scope. */
import type { Instruction, ValueType } from './instructions.ts';
import { localOrder } from './instructions.ts';
import type { LaneOp, MemoryOp, PlainOp } from './operations.ts';

/** Locals that live in one part of a function. Parts beside one another use the same ones in the end. */
interface Scope {
  readonly parent: Scope | undefined;
  readonly inner: Scope[];
  readonly locals: number[];
}

const newScope = (parent?: Scope): Scope => {
  const scope: Scope = { parent, inner: [], locals: [] };
  parent?.inner.push(scope);
  return scope;
};

/** The locals of one function as they are made; parameters come first. */
export class Locals {
  readonly types: ValueType[];
  readonly parameters: number;
  readonly root = newScope();

  constructor(parameters: readonly ValueType[]) {
    this.types = [...parameters];
    this.parameters = parameters.length;
  }

  add(type: ValueType, scope: Scope): number {
    scope.locals.push(this.types.length);
    this.types.push(type);
    return this.types.length - 1;
  }
}

/** Instructions that run one after the other, from the first to the last. */
export class Code {
  readonly list: Instruction[] = [];
  readonly #locals: Locals;
  readonly #scope: Scope;

  constructor(locals: Locals, scope: Scope = locals.root) {
    this.#locals = locals;
    this.#scope = scope;
  }

  /** Code of a block in this one. Its locals are free behind it. */
  nested(): Code {
    return new Code(this.#locals, newScope(this.#scope));
  }

  local(type: ValueType): number {
    return this.#locals.add(type, this.#scope);
  }

  push(...instructions: readonly Instruction[]): void {
    this.list.push(...instructions);
  }

  op(...names: readonly (PlainOp | 'select')[]): void {
    for (const op of names) this.list.push(op === 'select' ? { op } : { op });
  }

  i32(value: number): void {
    this.list.push({ op: 'i32.const', value: value | 0 });
  }

  f32(value: number): void {
    this.list.push({ op: 'f32.const', value: Math.fround(value) });
  }

  get(local: number): void {
    this.list.push({ op: 'local.get', local });
  }

  set(local: number): void {
    this.list.push({ op: 'local.set', local });
  }

  tee(local: number): void {
    this.list.push({ op: 'local.tee', local });
  }

  lane(op: LaneOp, lane: number): void {
    this.list.push({ op, lane });
  }

  memory(op: MemoryOp, offset: number, align: number): void {
    this.list.push({ op, offset, align });
  }

  /** Takes the value on the stack into a new local. */
  keep(type: ValueType): number {
    const local = this.local(type);
    this.set(local);
    return local;
  }
}

/** The finished body: what nobody reads is not kept, and locals have numbers that those of other blocks use again. */
export function finish(
  locals: Locals,
  body: readonly Instruction[],
): {
  readonly locals: readonly ValueType[];
  readonly body: readonly Instruction[];
} {
  const reads = new Uint32Array(locals.types.length);
  countReads(body, reads);
  const { numbers, types } = numbered(locals, reads);
  return { locals: types, body: tidied(body, reads, numbers) };
}

/** How often each local is read, but for values that can stay on the stack: set x, get x. */
function countReads(body: readonly Instruction[], reads: Uint32Array): void {
  let kept = -1;
  for (const instruction of body) {
    const before = kept;
    kept = -1;
    switch (instruction.op) {
      case 'local.get':
        if (instruction.local !== before) reads[instruction.local]!++;
        break;
      case 'local.set':
        kept = instruction.local;
        break;
      case 'block':
      case 'loop':
        countReads(instruction.body, reads);
        break;
      case 'if':
        countReads(instruction.then, reads);
        countReads(instruction.otherwise, reads);
        break;
      default:
    }
  }
}

function tidied(
  body: readonly Instruction[],
  reads: Uint32Array,
  numbers: Int32Array,
): readonly Instruction[] {
  const result: Instruction[] = [];
  for (let i = 0; i < body.length; i++) {
    const instruction = body[i]!;
    switch (instruction.op) {
      case 'local.set': {
        const { local } = instruction;
        const next = body[i + 1];
        const isRead = reads[local] !== 0;
        const number = numbers[local]!;
        if (next?.op === 'local.get' && next.local === local) {
          i++;
          if (isRead) result.push({ op: 'local.tee', local: number });
        } else result.push(isRead ? { op: 'local.set', local: number } : { op: 'drop' });
        break;
      }
      case 'local.tee':
        if (reads[instruction.local] === 0) break;
        result.push({
          op: 'local.tee',
          local: numbers[instruction.local]!,
        });
        break;
      case 'local.get':
        result.push({
          op: 'local.get',
          local: numbers[instruction.local]!,
        });
        break;
      case 'block':
      case 'loop':
        result.push({
          ...instruction,
          body: tidied(instruction.body, reads, numbers),
        });
        break;
      case 'if':
        result.push({
          ...instruction,
          then: tidied(instruction.then, reads, numbers),
          otherwise: tidied(instruction.otherwise, reads, numbers),
        });
        break;
      default:
        result.push(instruction);
    }
  }
  return result;
}

/** Locals of equal types stand together; a scope's begin behind those of the scopes around it. */
function numbered(
  locals: Locals,
  reads: Uint32Array,
): { readonly numbers: Int32Array; readonly types: readonly ValueType[] } {
  const numbers = new Int32Array(reads.length);
  const counts = [0, 0, 0, 0];
  const typeOf = (local: number): number => localOrder.indexOf(locals.types[local]!);
  const place = (scope: Scope, before: readonly number[]): void => {
    const next = [...before];
    for (const local of scope.locals) if (reads[local] !== 0) numbers[local] = next[typeOf(local)]!++;
    next.forEach((count, type) => (counts[type] = Math.max(counts[type]!, count)));
    for (const inner of scope.inner) place(inner, next);
  };
  place(locals.root, [0, 0, 0, 0]);
  const starts: number[] = [];
  let start = locals.parameters;
  for (const count of counts) {
    starts.push(start);
    start += count;
  }
  for (let local = 0; local < numbers.length; local++)
    numbers[local] = local < locals.parameters ? local : numbers[local]! + starts[typeOf(local)]!;
  return {
    numbers,
    types: localOrder.flatMap((type, i) => new Array<ValueType>(counts[i]!).fill(type)),
  };
}
