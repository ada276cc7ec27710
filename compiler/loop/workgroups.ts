/** Runs bound kernels: workgroups one after the other, the threads of one in step from barrier to barrier. */
import { invariant } from '../base/invariant.ts';
import { combineFunction } from './arithmetic.ts';
import type { BoundKernel } from './bound.ts';
import type { Axis, Buffer, For, Local, Stmt, StmtOf } from './ir.ts';
import type { Elements, Machine, Run } from './machine.ts';
import type { Races } from './races.ts';
import { axesOfRange, bodyOf } from './rewrite.ts';

/** Every combination of the values of some loops' axes, the first loop fastest: one entry per loop in each. */
function placesOf(loops: readonly For[], machine: Machine): readonly (readonly number[])[] {
  return loops.reduceRight<readonly (readonly number[])[]>(
    (places, { range }) => {
      const { from, to } = machine.bounds(range);
      const own = Array.from({ length: Math.max(to() - from(), 0) }, (_, i) => from() + i);
      return places.flatMap((place) => own.map((value) => [value, ...place]));
    },
    [[]],
  );
}

export function runWorkgroups(
  { workgroups, threads, shared, body }: BoundKernel,
  machine: Machine,
  races: Races | undefined,
): void {
  const groupLoops = Object.values(workgroups);
  const threadLoops = Object.values(threads);
  const [groupSlots, threadSlots] = [groupLoops, threadLoops].map((loops) =>
    loops.map(({ axis }) => machine.slotOf(axis)),
  ) as [number[], number[]];
  const { slots } = machine;
  const places = placesOf(threadLoops, machine);
  const poison = shared.map((buffer) => machine.alloc(buffer));
  const set = (at: readonly number[], place: readonly number[]): void => {
    for (let i = 0; i < at.length; i++) slots[at[i]!] = place[i]!;
  };
  const axes = new Set(threadLoops.map(({ axis }) => axis));
  const place = (thread: number): void => set(threadSlots, places[thread]!);
  const workgroup = new Workgroup(machine, { axes, size: places.length, place }, races);
  const run = workgroup.block(body);
  placesOf(groupLoops, machine).forEach((at, group) => {
    set(groupSlots, at);
    for (const fill of poison) fill();
    workgroup.start(group);
    run();
  });
}

interface Threads {
  readonly axes: ReadonlySet<Axis>;
  readonly size: number;
  /** Gives the axes the values that they have in a thread. */
  readonly place: (thread: number) => void;
}

/** What a thread keeps from one barrier to the next. */
interface Kept {
  readonly elements: Elements;
  readonly saved: Elements;
}

class Workgroup {
  readonly #machine: Machine;
  readonly #threads: Threads;
  readonly #races: Races | undefined;
  readonly #registers: Kept[] = [];
  readonly #locals: { readonly slot: number; readonly saved: Float64Array }[] = [];
  #first = 0;
  #started = false;

  constructor(machine: Machine, threads: Threads, races: Races | undefined) {
    this.#machine = machine;
    this.#threads = threads;
    this.#races = races;
  }

  start(group: number): void {
    this.#first = group * this.#threads.size;
    this.#started = false;
    this.#races?.barrier();
  }

  /** Runs statements in all threads: what has no barrier in it as a whole, one thread after the other. */
  block(body: readonly Stmt[]): Run {
    const steps: Run[] = [];
    let together: Stmt[] = [];
    const goesOn = body.some(hasBarrier);
    const flush = (): void => {
      if (together.length > 0) steps.push(this.#inEach(together, goesOn));
      together = [];
    };
    for (const stmt of body) {
      if (!hasBarrier(stmt)) {
        together.push(stmt);
        continue;
      }
      flush();
      steps.push(this.#inStep(stmt));
    }
    flush();
    return () => {
      for (const step of steps) step();
    };
  }

  /** `goesOn`: behind a barrier, with what is declared here. */
  #inEach(body: readonly Stmt[], goesOn: boolean): Run {
    const run = this.#machine.block(body);
    for (const stmt of goesOn ? body : []) {
      if (stmt.kind === 'let') this.#keepLocal(stmt.local);
      if (stmt.kind === 'alloc') this.#keep(stmt.buffer);
    }
    return () => {
      for (let thread = 0; thread < this.#threads.size; thread++) {
        this.#enter(thread);
        run();
        this.#leave(thread);
      }
      this.#started = true;
    };
  }

  /** A barrier, or a loop or condition around one: the same for all threads. */
  #inStep(stmt: Stmt): Run {
    switch (stmt.kind) {
      case 'for': {
        const { range, axis } = stmt;
        invariant(!this.#depends(axesOfRange(range)), `not every thread reaches the barrier in ${axis.name}`);
        const { from, to } = this.#machine.bounds(range);
        const slot = this.#machine.slotOf(axis);
        const body = this.block(stmt.body);
        return () => {
          const end = to();
          for (let i = from(); i < end; i++) {
            this.#machine.slots[slot] = i;
            body();
          }
        };
      }
      case 'if': {
        const axes = stmt.conditions.flatMap(({ index }) => index.terms.map(({ axis }) => axis));
        invariant(!this.#depends(axes), 'not every thread reaches the barrier in a condition');
        const holds = this.#machine.holds(stmt.conditions);
        const body = this.block(stmt.body);
        return () => {
          if (holds()) body();
        };
      }
      case 'all_reduce':
        return this.#allReduce(stmt);
      default:
        return () => this.#races?.barrier();
    }
  }

  #allReduce({ buffer, combine, axis }: StmtOf<'all_reduce'>): Run {
    const elements = this.#machine.memoryOf(buffer);
    const kept = this.#registers.find((other) => other.elements === elements);
    invariant(kept !== undefined, `${buffer.name} is not of this block`);
    const combined = combineFunction(combine, buffer.dtype, this.#machine.precision);
    const others = [...this.#threads.axes]
      .filter((other) => other !== axis)
      .map((other) => this.#machine.slotOf(other));
    const along = new Map<string, number[]>();
    for (let thread = 0; thread < this.#threads.size; thread++) {
      this.#threads.place(thread);
      const beside = others.map((slot) => this.#machine.slots[slot]).join();
      along.set(beside, [...(along.get(beside) ?? []), thread]);
    }
    return () => {
      for (const threads of along.values()) {
        const whole = threads.map((thread) => kept.saved[thread]!).reduce((a, b) => combined(a, b));
        for (const thread of threads) kept.saved[thread] = whole;
      }
      this.#races?.barrier();
    };
  }

  #depends(axes: Iterable<Axis>): boolean {
    for (const axis of axes) if (this.#threads.axes.has(axis)) return true;
    return false;
  }

  #keepLocal(local: Local): void {
    this.#locals.push({ slot: this.#machine.slotOf(local), saved: new Float64Array(this.#threads.size) });
  }

  #keep(buffer: Buffer): void {
    const elements = this.#machine.memoryOf(buffer);
    this.#registers.push({ elements, saved: this.#machine.elements(buffer, this.#threads.size) });
  }

  #enter(thread: number): void {
    this.#threads.place(thread);
    this.#races?.enter(this.#first + thread);
    if (!this.#started) return;
    const { slots } = this.#machine;
    for (const { slot, saved } of this.#locals) slots[slot] = saved[thread]!;
    for (const { elements, saved } of this.#registers) {
      const from = thread * elements.length;
      for (let i = 0; i < elements.length; i++) elements[i] = saved[from + i]!;
    }
  }

  #leave(thread: number): void {
    const { slots } = this.#machine;
    for (const { slot, saved } of this.#locals) saved[thread] = slots[slot]!;
    for (const { elements, saved } of this.#registers) saved.set(elements, thread * elements.length);
  }
}

function hasBarrier(stmt: Stmt): boolean {
  return stmt.kind === 'barrier' || stmt.kind === 'all_reduce' || bodyOf(stmt).some(hasBarrier);
}
