/** What the writer of one kernel function knows while it goes through the kernel. */
import { invariant, InvariantError } from '../../base/invariant.ts';
import { bytesPerElement, elementCount } from '../../base/types.ts';
import type { Affine, Axis, Buffer, Expr, Index, Local } from '../../loop/ir.ts';
import type { Code } from './code.ts';
import type { ValueType } from './instructions.ts';
import type { Called } from './called.ts';
import { Places } from './places.ts';
import type { RegisterKind } from './registers.ts';
import { scalarType } from './scalar.ts';
import type { Tickets } from './tickets.ts';

/** A value in a local: one scalar, or one per lane. */
export interface Held {
  readonly local: number;
  readonly lanes: boolean;
}

/** Locals of the elements of a register buffer, by their place. With `last`, lanes are the last index. */
interface Registers {
  readonly held: readonly Held[];
  readonly lastIsLane: boolean;
}

/** Where code is written, and what has been loaded there before. */
export interface At {
  readonly code: Code;
  readonly loads: Map<string, { readonly local: number; readonly buffer: Buffer }>;
}

/** The locals of a number and of how many there are. */
export interface Share {
  readonly thread: number;
  readonly threads: number;
}

export class KernelState {
  readonly places: Places;
  readonly math: Called;
  /** The locals of the last parameters. */
  readonly scratch: number;
  readonly batch: number;
  /** Which share of the parallel loops to run, and of how many. */
  share: Share;
  /** Likewise of the loops over samples, if they are shared. */
  samples: Share | undefined;
  /** How threads take what is left of a loop; undefined where it matters which thread does what. */
  tickets: Tickets | undefined;
  readonly values = new Map<Local, Held>();
  /** The axis whose iterations are lanes, and the one that is looked at alone, if any. */
  lanes: { readonly axis: Axis; readonly only: number | undefined } | undefined;
  /** Bytes of scratch memory in use, and the most that were. */
  scratchTop = 0;
  scratchBytes = 0;
  readonly #kinds: ReadonlyMap<Buffer, RegisterKind>;
  readonly #registers = new Map<Buffer, Registers>();
  readonly #varying = new Map<Expr, boolean>();

  constructor(
    code: Code,
    operands: readonly Buffer[],
    kinds: ReadonlyMap<Buffer, RegisterKind>,
    math: Called,
  ) {
    this.math = math;
    this.#kinds = kinds;
    this.scratch = operands.length;
    this.batch = operands.length + 1;
    this.share = { thread: operands.length + 2, threads: operands.length + 3 };
    this.places = new Places(code, this.batch);
    operands.forEach((buffer, base) => this.places.bindMemory(buffer, { base, offset: 0 }));
  }

  /**
   * With at least two samples for each thread, they share the samples and not the parallel loops: nobody writes beside what
   * another one writes, nor waits for whoever got more.
   */
  shareSamples(code: Code): void {
    const { thread, threads } = this.share;
    const many = code.local('i32');
    code.get(this.batch);
    code.get(threads);
    code.get(threads);
    code.op('i32.add', 'i32.ge_s');
    code.set(many);
    const chosen = (first: () => void, second: () => void): number => {
      first();
      second();
      code.get(many);
      code.op('select');
      return code.keep('i32');
    };
    const [me, all] = [() => code.get(thread), () => code.get(threads)];
    const [zero, one] = [() => code.i32(0), () => code.i32(1)];
    this.samples = { thread: chosen(me, zero), threads: chosen(all, one) };
    this.share = { thread: chosen(zero, me), threads: chosen(one, all) };
  }

  /** Runs `body` with the iterations of the axis as lanes, or with one of them. */
  withLanes(axis: Axis, only: number | undefined, body: () => void): void {
    const outer = this.lanes;
    const interval = only === undefined ? { low: 0, high: 3 } : { low: only, high: only };
    this.lanes = { axis, only };
    if (only === undefined) this.#varying.clear();
    this.places.bindAxis(
      axis,
      only === undefined ? { kind: 'lanes' } : { kind: 'number', value: only },
      interval,
    );
    body();
    this.lanes = outer;
    if (outer !== undefined) this.places.bindAxis(axis, { kind: 'lanes' }, { low: 0, high: 3 });
    else this.#varying.clear();
  }

  isRegister(buffer: Buffer): boolean {
    return buffer.space === 'register' && this.#kinds.get(buffer) !== 'memory';
  }

  allocate(code: Code, buffer: Buffer): void {
    invariant(buffer.space !== 'workgroup', 'workgroup memory in a WASM kernel');
    if (!this.isRegister(buffer)) return this.#allocateMemory(buffer);
    const lastIsLane = this.#kinds.get(buffer) === 'lanes';
    const lanes = lastIsLane || (this.lanes?.only === undefined && this.lanes !== undefined);
    const size = sizeOf(lastIsLane ? buffer.shape.slice(0, -1) : buffer.shape);
    const type: ValueType = lanes ? 'v128' : scalarType(buffer.dtype);
    const held = Array.from({ length: size }, () => ({
      local: code.local(type),
      lanes,
    }));
    this.#registers.set(buffer, { held, lastIsLane });
  }

  #allocateMemory(buffer: Buffer): void {
    invariant(this.lanes === undefined, `${buffer.name} would need memory per lane`);
    this.places.bindMemory(buffer, {
      base: this.scratch,
      offset: this.scratchTop,
    });
    const bytes = sizeOf(buffer.shape) * bytesPerElement[buffer.dtype];
    this.scratchTop += Math.ceil(bytes / 64) * 64;
    this.scratchBytes = Math.max(this.scratchBytes, this.scratchTop);
  }

  /** The local of a register element; `lane` where it is one lane of the local. */
  register(buffer: Buffer, index: readonly Affine[]): Held & { readonly lane: number | undefined } {
    const registers = this.#registers.get(buffer);
    if (registers === undefined) throw new InvariantError(`${buffer.name} is used before it is allocated`);
    const { held, lastIsLane } = registers;
    const { constant, lane } = this.places.flatten(buffer, index);
    const element = held[lastIsLane ? Math.floor(constant / 4) : constant];
    if (element === undefined) throw new InvariantError(`${buffer.name} has no place ${constant}`);
    if (!element.lanes) return { ...element, lane: undefined };
    if (lastIsLane) return { ...element, lane: lane === 1 ? undefined : constant % 4 };
    return { ...element, lane: this.lanes?.only };
  }

  /** Whether the value differs between the lanes. */
  varies(expr: Expr): boolean {
    if (this.lanes === undefined || this.lanes.only !== undefined) return false;
    const known = this.#varying.get(expr);
    if (known !== undefined) return known;
    const result = this.#findVarying(expr);
    this.#varying.set(expr, result);
    return result;
  }

  #findVarying(expr: Expr): boolean {
    switch (expr.kind) {
      case 'literal':
      case 'batch':
      case 'reduced':
        return false;
      case 'index':
        return this.places.resolve(expr.index).lane !== 0;
      case 'local':
        return this.values.get(expr.local)?.lanes === true;
      case 'load':
        return this.#loadVaries(expr.buffer, expr.index);
      case 'unary':
      case 'cast':
      case 'bitcast':
        return this.varies(expr.x);
      case 'binary':
      case 'compare':
        return this.varies(expr.a) || this.varies(expr.b);
      case 'select':
        return this.varies(expr.condition) || this.varies(expr.a) || this.varies(expr.b);
      default:
        return expr satisfies never;
    }
  }

  #loadVaries(buffer: Buffer, index: readonly Index[]): boolean {
    if (this.isRegister(buffer)) {
      const { lanes, lane } = this.register(buffer, index as readonly Affine[]);
      return lanes && lane === undefined;
    }
    return (
      index.some((place) => 'clamped' in place && this.varies(place.clamped)) ||
      this.places.flatten(buffer, index).lane !== 0
    );
  }
}

function sizeOf(shape: Buffer['shape']): number {
  invariant(!shape.includes('N'), 'memory of one kernel cannot depend on the batch');
  return elementCount(shape, 1);
}
