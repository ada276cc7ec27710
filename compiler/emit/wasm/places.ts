/**
 * Where things are: axes in locals or known numbers, elements behind pointers. V8 does not turn index arithmetic into
 * pointers that move, so this does: per loop one pointer for all elements of a buffer whose places differ by a constant.
 */
import { InvariantError } from '../../base/invariant.ts';
import { append } from '../../base/multimap.ts';
import { bytesPerElement } from '../../base/types.ts';
import type { Interval } from '../../loop/bounds.ts';
import { boundsOf } from '../../loop/bounds.ts';
import type { Affine, Axis, Buffer, Index } from '../../loop/ir.ts';
import { batchAxis } from '../../loop/ir.ts';
import type { Code } from './code.ts';

/** A loop that is open. */
export interface Loop {
  readonly axis: Axis;
  readonly id: number;
  /** 1 for the outermost; 0 for the batch, which is like a loop around all of the function that runs once, at N. */
  readonly depth: number;
  /** The code around the loop; its locals hold over all iterations. */
  readonly around: Code;
  readonly pointers: Map<string, Pointer>;
  /** The local that counts, once anything has asked for the value of the axis. */
  counter: number | undefined;
}

/** buffer + Σ factor · axis + bias, the loop's own axis last; in bytes, moved by `step` after each iteration. */
export interface Pointer {
  readonly local: number;
  readonly buffer: Buffer;
  readonly rest: readonly Term[];
  readonly bias: number;
  readonly step: number;
}

export interface Term {
  readonly loop: Loop;
  readonly factor: number;
}

/** What is known of an axis: a number where its loop is written out, all four lanes at once, or a loop that runs. */
type AxisState =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'lanes' }
  | { readonly kind: 'loop'; readonly loop: Loop };

/** An affine index in terms of the loops that run, outermost first; `lane` is its factor of the lanes. */
export interface Sum {
  readonly constant: number;
  readonly lane: number;
  readonly terms: readonly Term[];
}

interface MutableSum {
  constant: number;
  lane: number;
  terms: { readonly loop: Loop; factor: number }[];
}

/** A place in a buffer. Places of the same key differ in their constants only, and have one pointer. */
export interface Place extends Sum {
  readonly key: string;
}

/** Memory of a buffer: the local of its address, and the place of its first byte behind that. */
interface Memory {
  readonly base: number;
  readonly offset: number;
}

/** An access whose pointer is chosen when the code around it is complete. */
interface Pending {
  readonly buffer: Buffer;
  readonly memory: Memory;
  readonly terms: readonly Term[];
  readonly key: string;
  /** In bytes from the pointer without bias. */
  readonly constant: number;
  readonly address: { local: number };
  readonly access: { offset: number };
}

export class Places {
  readonly batch: Loop;
  readonly #axes = new Map<Axis, AxisState>();
  readonly #intervals = new Map<Axis, Interval>();
  readonly #loops: Loop[] = [];
  readonly #memory = new Map<Buffer, Memory>();
  readonly #ids = new Map<Buffer, number>();
  readonly #places = new Map<readonly Index[], { readonly buffer: Buffer; readonly place: Place }>();
  #opened = 0;
  readonly #pending = new Map<Code, Pending[]>();

  /** `code` is that of the function, `batch` the parameter N. */
  constructor(code: Code, batch: number) {
    this.batch = { axis: batchAxis, id: 0, depth: 0, around: code, pointers: new Map(), counter: batch };
    this.bindAxis(batchAxis, { kind: 'loop', loop: this.batch }, { low: 1, high: Infinity });
  }

  readonly intervalOf = (axis: Axis): Interval => {
    const interval = this.#intervals.get(axis);
    return interval ?? outside(axis);
  };

  bindMemory(buffer: Buffer, memory: Memory): void {
    this.#memory.set(buffer, memory);
  }

  bindAxis(axis: Axis, state: AxisState, interval: Interval): void {
    this.#places.clear();
    this.#axes.set(axis, state);
    this.#intervals.set(axis, interval);
  }

  state(axis: Axis): AxisState {
    const state = this.#axes.get(axis);
    return state ?? outside(axis);
  }

  /** `code` is what stands around the loop. */
  open(axis: Axis, code: Code, interval: Interval): Loop {
    const loop: Loop = {
      axis,
      id: ++this.#opened,
      depth: this.#loops.length + 1,
      around: code,
      pointers: new Map(),
      counter: undefined,
    };
    this.#loops.push(loop);
    this.bindAxis(axis, { kind: 'loop', loop }, interval);
    return loop;
  }

  close(): void {
    this.#loops.pop();
  }

  /** The local that holds the value of the loop's axis. */
  counter(loop: Loop): number {
    loop.counter ??= loop.around.local('i32');
    return loop.counter;
  }

  resolve(index: Affine): Sum {
    const sum: MutableSum = { constant: 0, lane: 0, terms: [] };
    this.#add(sum, index, 1);
    return sum;
  }

  /** sum += factor · index */
  #add(sum: MutableSum, { constant, terms }: Affine, factor: number): void {
    sum.constant += factor * constant;
    for (const term of terms) {
      const state = this.state(term.axis);
      const scaled = factor * term.factor;
      if (state.kind === 'number') sum.constant += scaled * state.value;
      else if (state.kind === 'lanes') sum.lane += scaled;
      else addTerm(sum.terms, state.loop, scaled);
    }
  }

  /**
   * The place of an element in elements from the start of its buffer's memory; computed indices count as 0. Is asked for
   * several times for each access, and found again as long as the axes stay what they are.
   */
  flatten(buffer: Buffer, index: readonly Index[]): Place {
    const known = this.#places.get(index);
    if (known !== undefined && known.buffer === buffer) return known.place;
    const sum: MutableSum = { constant: buffer.offset, lane: 0, terms: [] };
    for (let axis = 0; axis < index.length; axis++) {
      const entry = index[axis]!;
      if (!('clamped' in entry)) this.#add(sum, entry, buffer.strides[axis]!);
    }
    const place = { ...sum, key: this.#key(buffer, sum.terms) };
    this.#places.set(index, { buffer, place });
    return place;
  }

  #key(buffer: Buffer, terms: readonly Term[]): string {
    let id = this.#ids.get(buffer);
    if (id === undefined) this.#ids.set(buffer, (id = this.#ids.size));
    let key = String(id);
    for (const { loop, factor } of terms) key += `+${loop.id}*${factor}`;
    return key;
  }

  /** Pushes i32: the value of index arithmetic, lanes left out. */
  pushIndex(code: Code, { constant, terms }: Pick<Sum, 'constant' | 'terms'>): void {
    let empty = true;
    for (const { loop, factor } of terms) {
      code.get(this.counter(loop));
      if (factor !== 1) {
        code.i32(factor);
        code.op('i32.mul');
      }
      if (!empty) code.op('i32.add');
      empty = false;
    }
    if (empty) return code.i32(constant);
    if (constant === 0) return;
    code.i32(constant);
    code.op('i32.add');
  }

  /**
   * Pushes an address; the access that is pushed next but for its value gets its offset from `access` when `settle` is
   * called for this code.
   */
  pushAddress(code: Code, buffer: Buffer, place: Place, access: { offset: number }): void {
    const address = { op: 'local.get' as const, local: -1 };
    code.push(address);
    append(this.#pending, code, {
      buffer,
      memory: this.#memoryOf(buffer),
      terms: place.terms,
      key: place.key,
      constant: place.constant * bytesPerElement[buffer.dtype],
      address,
      access,
    });
  }

  /**
   * Chooses the pointers of a finished piece of code. All of it runs or nothing, so a pointer at the lowest place that it
   * accesses is inside of its buffer: offsets are never negative, and addresses never wrap around.
   */
  settle(code: Code): void {
    const byKey = new Map<string, Pending[]>();
    for (const pending of this.#pending.get(code) ?? []) append(byKey, pending.key, pending);
    for (const [key, group] of byKey) {
      const [first] = group as [Pending];
      const lowest = Math.min(...group.map(({ constant }) => constant));
      const { low } = boundsOf(affineOf(first.terms), this.intervalOf);
      const bias = lowest >= 0 && low >= 0 ? 0 : lowest;
      const isFixed = first.terms.length === 0;
      const local = isFixed ? first.memory.base : this.#pointer(first.buffer, first.terms, key, bias);
      for (const { address, access, constant, memory } of group) {
        address.local = local;
        access.offset = memory.offset + constant - (isFixed ? 0 : bias);
      }
    }
    this.#pending.delete(code);
  }

  #memoryOf(buffer: Buffer): Memory {
    const memory = this.#memory.get(buffer);
    if (memory === undefined) throw new InvariantError(`${buffer.name} is neither an operand nor allocated`);
    return memory;
  }

  /** The local of a pointer that moves with the innermost of the loops. */
  #pointer(buffer: Buffer, terms: readonly Term[], key: string, bias: number): number {
    const last = terms.at(-1)!;
    const name = `${key}@${bias}`;
    const known = last.loop.pointers.get(name);
    if (known) return known.local;
    const size = bytesPerElement[buffer.dtype];
    const local = last.loop.around.local('i32');
    last.loop.pointers.set(name, {
      local,
      buffer,
      rest: terms.slice(0, -1),
      bias,
      step: last.factor * size,
    });
    return local;
  }

  /** Pushes where a pointer stands before its loop, were the axis 0. */
  pushStart(code: Code, { buffer, rest, bias }: Pointer): void {
    const { base } = this.#memoryOf(buffer);
    code.get(rest.length === 0 ? base : this.#pointer(buffer, rest, this.#key(buffer, rest), 0));
    if (bias === 0) return;
    code.i32(bias);
    code.op('i32.add');
  }
}

const affineOf = (terms: readonly Term[]): Affine => ({
  constant: 0,
  terms: terms.map(({ loop, factor }) => ({ axis: loop.axis, factor })),
});

function outside(axis: Axis): never {
  throw new InvariantError(`${axis.name} is used outside of its loop`);
}

/** Keeps the terms in the order of their loops, and without factors of 0. */
function addTerm(terms: MutableSum['terms'], loop: Loop, factor: number): void {
  let at = 0;
  while (at < terms.length && terms[at]!.loop.depth < loop.depth) at++;
  const there = terms[at];
  if (there?.loop !== loop) {
    if (factor !== 0) terms.splice(at, 0, { loop, factor });
    return;
  }
  there.factor += factor;
  if (there.factor === 0) terms.splice(at, 1);
}
