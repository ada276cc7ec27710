import { bytesOf, countSamples, elements, newBatch, own, sizeOf } from './arrays.ts';
import { fromBase64 } from './base64.ts';
import { ModelError } from './errors.ts';
import { initialize } from './initializers.ts';
import type { Blueprint, Launch, Routine, RoutinePlan, Tensor } from './program.ts';
import { Pace, Turns } from './turns.ts';
import type { Batch, CreateOptions, Elements, ModelInfo } from './types.ts';
import { applyWeights } from './weights.ts';

/** The memory of one model and the running of its routines; all that a user does with it is in other files. */
export class Core {
  readonly blueprint: Blueprint;
  readonly seed: number;
  readonly turns = new Turns();
  readonly pace = new Pace();
  /** Views of everything that persists, by name. */
  readonly views: ReadonlyMap<string, Elements>;
  /** What `prepare` made is older than the weights. */
  stale = true;
  fitting = false;
  #weights: ArrayBuffer;
  #work = new ArrayBuffer(0);
  #bound = new Map<RoutinePlan, Routine>();
  #disposed = false;

  constructor(blueprint: Blueprint, seed: number) {
    this.blueprint = blueprint;
    this.seed = seed;
    this.#weights = allocate(blueprint.weightsBytes);
    this.views = new Map(
      blueprint.tensors.map(({ name, dtype, shape, offset }) => [
        name,
        elements(dtype, sizeOf(shape), this.#weights, offset),
      ]),
    );
  }

  /** The tensors with one of these roles. */
  tensors(...roles: readonly Tensor['role'][]): readonly Tensor[] {
    return this.blueprint.tensors.filter(({ role }) => roles.includes(role));
  }

  view(name: string): Elements {
    return this.views.get(name) as Elements;
  }

  /** A routine over memory that is large enough; all routines share it, as none leaves anything there. */
  bind(plan: RoutinePlan): Routine {
    this.check();
    if (plan.workBytes > this.#work.byteLength) {
      this.#work = allocate(plan.workBytes);
      this.#bound.clear();
    }
    const routine = this.#bound.get(plan) ?? plan.bind(this.#weights, this.#work);
    this.#bound.set(plan, routine);
    return routine;
  }

  /** Runs kernels one after the other, with a rest for the event loop where it is time. */
  async launch(launches: readonly Launch[], samples: number): Promise<void> {
    for (const { run } of launches) {
      run(samples);
      const rest = this.pace.due();
      if (rest) await rest;
    }
  }

  /** Puts samples `from` … of `arrays` where the routine reads them. */
  feed(routine: Routine, arrays: Batch, from: number, samples: number, numbers: Readonly<Record<string, number>> = {}): void {
    for (const [name, view] of routine.inputs) {
      const array = own(arrays, name);
      const number = own(numbers, name);
      if (number !== undefined) view[0] = number;
      else if (array) {
        const size = array.length / countOf(array, from, samples, view, this.blueprint, name);
        view.set(array.subarray(from * size, (from + samples) * size));
      }
    }
  }

  check(): void {
    if (this.#disposed) throw new ModelError('disposed', 'this model was disposed of');
  }

  dispose(): void {
    this.#disposed = true;
    this.#weights = new ArrayBuffer(0);
    this.#work = new ArrayBuffer(0);
    this.#bound.clear();
  }
}
