/** How the interpreter runs statements: they become closures over slots first, one scalar at a time, every access checked. */
import { invariant, InvariantError } from '../base/invariant.ts';
import type { DType, Extent } from '../base/types.ts';
import { elementCount } from '../base/types.ts';
import type { Precision } from './arithmetic.ts';
import {
  binaryFunction,
  bitcastFunction,
  castFunction,
  combineFunction,
  compareFunctions,
  rounding,
  roundToHalf,
  unaryFunction,
} from './arithmetic.ts';
import { dtypeOf } from './builder.ts';
import { batchAxis } from './ir.ts';
import type {
  Affine,
  Axis,
  Buffer,
  Condition,
  Expr,
  For,
  Index,
  Local,
  Quotient,
  Range,
  Stmt,
} from './ir.ts';
import type { Races } from './races.ts';

/** The memory of one buffer. f32 buffers are Float64Array when interpreting in f64. */
export type Elements = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Zeroed memory for `length` elements. */
export function elementsFor(dtype: DType, length: number, precision: Precision): Elements {
  switch (dtype) {
    case 'f32':
      return precision === 'f32' ? new Float32Array(length) : new Float64Array(length);
    case 'i32':
      return new Int32Array(length);
    case 'u32':
      return new Uint32Array(length);
    case 'u8':
    case 'bool':
      return new Uint8Array(length);
    default:
      return dtype satisfies never;
  }
}

interface MachineOptions {
  /** The actual batch. */
  readonly n: number;
  readonly precision: Precision;
  /** Told of every access to memory that threads share. */
  readonly races?: Races | undefined;
}

export type Run = () => void;
type Evaluate = () => number;

/** The compiled form of one kernel: closures over the values of axes and locals, and over memory. */
export class Machine {
  readonly #n: number;
  readonly #precision: Precision;
  readonly #memory = new Map<Buffer, Elements>();
  readonly #axes = new Map<Axis, number>();
  readonly #locals = new Map<Local, number>();
  /** Values of axes and locals. */
  readonly #slots: number[] = [];

  readonly #races: Races | undefined;

  constructor(options: MachineOptions) {
    this.#races = options.races;
    this.#n = options.n;
    this.#slots[this.#slot(this.#axes, batchAxis)] = options.n;
    this.#precision = options.precision;
  }

  bind(buffer: Buffer, elements: Elements): void {
    this.#memory.set(buffer, elements);
    if (buffer.space === 'global') this.#races?.watch(elements, 'launch');
    if (buffer.space === 'workgroup') this.#races?.watch(elements, 'barrier');
  }

  /** Zeroed memory for a number of such buffers. */
  elements({ dtype, shape }: Buffer, count: number): Elements {
    return elementsFor(dtype, count * elementCount(shape, this.#n), this.#precision);
  }

  /** Where the value of an axis, or of a local that has been set, is kept. */
  slotOf(thing: Axis | Local): number {
    return 'extent' in thing ? this.#slot(this.#axes, thing) : this.#slot(this.#locals, thing);
  }

  get precision(): Precision {
    return this.#precision;
  }

  get slots(): number[] {
    return this.#slots;
  }

  block(body: readonly Stmt[]): Run {
    const steps = body.map((stmt) => this.#statement(stmt));
    return () => {
      for (const step of steps) step();
    };
  }

  #statement(stmt: Stmt): Run {
    switch (stmt.kind) {
      case 'for':
        return this.#loop(stmt);
      case 'if': {
        const holds = this.holds(stmt.conditions);
        const body = this.block(stmt.body);
        return () => {
          if (holds()) body();
        };
      }
      case 'let': {
        const value = this.#expr(stmt.value);
        const slot = this.#slot(this.#locals, stmt.local);
        return () => {
          this.#slots[slot] = value();
        };
      }
      case 'alloc':
        return this.alloc(stmt.buffer);
      case 'store':
      case 'accumulate': {
        const memory = this.memoryOf(stmt.buffer);
        const place = this.#writePlace(stmt.buffer, stmt.index);
        const value = this.#expr(stmt.value);
        const kept = stmt.buffer.stored === undefined ? (x: number) => x : roundToHalf;
        if (stmt.kind === 'store')
          return () => {
            memory[place()] = kept(value());
          };
        const combine = combineFunction(stmt.combine, stmt.buffer.dtype, this.#precision);
        return () => {
          const at = place();
          memory[at] = kept(combine(memory[at]!, value()));
        };
      }
      case 'barrier':
        return () => {};
      case 'all_reduce':
        throw new InvariantError(`${stmt.buffer.name} is reduced outside of a workgroup`);
      default:
        return stmt satisfies never;
    }
  }

  /** Fresh memory is filled with what no test expects, so that reading it before a write shows. */
  alloc(buffer: Buffer): Run {
    const elements = this.elements(buffer, 1);
    this.bind(buffer, elements);
    const poison = buffer.dtype === 'f32' ? NaN : 99;
    return () => {
      elements.fill(poison);
    };
  }

  /** The bounds of a loop. */
  bounds(range: Range): { readonly from: Evaluate; readonly to: Evaluate } {
    const from = range.from.map((q) => this.#quotient(q));
    const to = range.to.map((q) => (q === 'N' ? () => this.#n : this.#quotient(q)));
    return {
      from: () => Math.max(...from.map((f) => f())),
      to: () => Math.min(...to.map((f) => f())),
    };
  }

  #loop(stmt: For): Run {
    const { from, to } = this.bounds(stmt.range);
    const slot = this.#slot(this.#axes, stmt.axis);
    const body = this.block(stmt.body);
    return () => {
      const end = to();
      for (let i = from(); i < end; i++) {
        this.#slots[slot] = i;
        body();
      }
    };
  }

  /** Whether all conditions hold. */
  holds(conditions: readonly Condition[]): () => boolean {
    const holds = conditions.map((condition) => this.#condition(condition));
    return () => holds.every((h) => h());
  }

  #condition({ index, extent }: Condition): () => boolean {
    const value = this.#affine(index);
    const limit = this.#extent(extent);
    return () => {
      const i = value();
      return i >= 0 && i < limit;
    };
  }

  #quotient({ numerator, divisor }: Quotient): Evaluate {
    const value = this.#affine(numerator);
    return () => Math.floor(value() / divisor);
  }

  #affine({ constant, terms }: Affine): Evaluate {
    const slots = this.#slots;
    const places = terms.map(({ axis, factor }) => {
      const slot = this.#axes.get(axis);
      invariant(slot !== undefined, `axis ${axis.name} is used outside of its loop`);
      return { slot, factor };
    });
    const [first, second] = places;
    if (first === undefined) return () => constant;
    if (second === undefined) return () => constant + first.factor * slots[first.slot]!;
    return () => {
      let sum = constant;
      for (const { slot, factor } of places) sum += factor * slots[slot]!;
      return sum;
    };
  }

  /** The position of an element in its buffer's memory. */
  #place(buffer: Buffer, index: readonly Index[]): Evaluate {
    invariant(index.length === buffer.shape.length, `${buffer.name} is indexed with ${index.length} axes`);
    const axes = index.map((place, i) => {
      const extent = this.#extent(buffer.shape[i]!);
      const stride = buffer.strides[i]!;
      if ('clamped' in place) {
        const value = this.#expr(place.clamped);
        return { value: () => Math.min(Math.max(value(), 0), extent - 1), extent, stride };
      }
      return { value: this.#affine(place), extent, stride };
    });
    const memory = this.memoryOf(buffer);
    return () => {
      let at = buffer.offset;
      for (const { value, extent, stride } of axes) {
        const i = value();
        if (i < 0 || i >= extent) this.#outside(buffer, i, extent);
        at += i * stride;
      }
      if (at >= memory.length) this.#outside(buffer, at, memory.length);
      return at;
    };
  }

  #readPlace(buffer: Buffer, index: readonly Index[]): Evaluate {
    const place = this.#place(buffer, index);
    const noted = this.#races?.reading(this.memoryOf(buffer), buffer.name);
    return noted === undefined ? place : () => noted(place());
  }

  #writePlace(buffer: Buffer, index: readonly Index[]): Evaluate {
    const place = this.#place(buffer, index);
    const noted = this.#races?.writing(this.memoryOf(buffer), buffer.name);
    return noted === undefined ? place : () => noted(place());
  }

  #outside(buffer: Buffer, i: number, extent: number): void {
    invariant(false, `${buffer.name}: ${i} is outside of ${extent}`);
  }

  #expr(expr: Expr): Evaluate {
    const slots = this.#slots;
    switch (expr.kind) {
      case 'literal': {
        const value = rounding(expr.dtype, this.#precision)(expr.value);
        return () => value;
      }
      case 'index':
        return this.#affine(expr.index);
      case 'batch':
        return () => this.#n;
      case 'load': {
        const memory = this.memoryOf(expr.buffer);
        const place = this.#readPlace(expr.buffer, expr.index);
        return () => memory[place()]!;
      }
      case 'local': {
        const slot = this.#locals.get(expr.local);
        invariant(slot !== undefined, `local ${expr.local.name} is used before its let`);
        return () => slots[slot]!;
      }
      case 'unary': {
        const f = unaryFunction(expr.op, expr.dtype, this.#precision);
        const x = this.#expr(expr.x);
        return () => f(x());
      }
      case 'binary':
      case 'compare': {
        const f =
          expr.kind === 'binary'
            ? binaryFunction(expr.op, expr.dtype, this.#precision)
            : compareFunctions[expr.op];
        const a = this.#expr(expr.a);
        const b = this.#expr(expr.b);
        return () => f(a(), b());
      }
      case 'select': {
        // Both sides are evaluated, as on targets without branches: neither may read out of bounds.
        const [c, a, b] = [this.#expr(expr.condition), this.#expr(expr.a), this.#expr(expr.b)];
        return () => {
          const [x, y] = [a(), b()];
          return c() !== 0 ? x : y;
        };
      }
      case 'cast':
      case 'bitcast': {
        const f =
          expr.kind === 'cast'
            ? castFunction(dtypeOf(expr.x), expr.dtype, this.#precision)
            : bitcastFunction(dtypeOf(expr.x), expr.dtype);
        const x = this.#expr(expr.x);
        return () => f(x());
      }
      case 'reduced':
        throw new InvariantError('a finished kernel has no `reduced`');
      default:
        return expr satisfies never;
    }
  }

  memoryOf(buffer: Buffer): Elements {
    const memory = this.#memory.get(buffer);
    invariant(memory !== undefined, `${buffer.name} is neither an operand nor allocated`);
    return memory;
  }

  #slot<T>(slots: Map<T, number>, key: T): number {
    const slot = slots.get(key) ?? this.#slots.length;
    if (slot === this.#slots.length) this.#slots.push(0);
    slots.set(key, slot);
    return slot;
  }

  #extent(extent: Extent): number {
    return extent === 'N' ? this.#n : extent;
  }
}
