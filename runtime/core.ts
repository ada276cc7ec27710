import { arrayTypes, own, sizeOf } from './arrays.ts';
import type { Engine } from './engine.ts';
import { ModelError } from './errors.ts';
import type { Batch, Elements } from './model-types.ts';
import { Pace } from './pace.ts';
import type { Blueprint, HeldTensor, Plan, Routine, Tensor } from './program.ts';

/** One model: what persists, and the calls on it. */
export class Core {
  readonly blueprint: Blueprint;
  readonly pace = new Pace();
  /** What `prepare` computes is older than the weights. */
  stale = true;
  #engine: Engine | undefined;
  #tensors: readonly HeldTensor[];
  #last: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine) {
    this.blueprint = engine.blueprint;
    this.#engine = engine;
    this.#tensors = engine.blueprint.tensors.map((tensor) => {
      const { dtype = 'f32', shape, offset } = tensor;
      return { ...tensor, dtype, data: new arrayTypes[dtype](engine.weights, offset, sizeOf(shape)) };
    });
  }

  /** Throws where the model was disposed of. */
  get engine(): Engine {
    if (this.#engine) return this.#engine;
    throw new ModelError('disposed', 'this model was disposed of');
  }

  /** The tensors with one of these roles, as they are now. */
  async tensors(...roles: readonly Tensor['role'][]): Promise<readonly HeldTensor[]> {
    const wanted = this.#tensors.filter(({ role }) => roles.includes(role));
    await this.engine.download?.(wanted);
    return wanted;
  }

  set(values: ReadonlyMap<string, ArrayLike<number>>): void {
    const changed = this.#tensors.filter(({ name }) => values.has(name));
    for (const { name, data } of changed) data.set(values.get(name) ?? []);
    this.engine.upload?.(changed);
    this.stale = true;
  }

  /** Calls take turns: runs `task` when those before have ended, well or badly. */
  turn<T>(task: (engine: Engine) => T | Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      const { engine } = this;
      this.pace.begin();
      return task(engine);
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /** When the calls before have ended; the memory goes with the engine. */
  async dispose(): Promise<void> {
    await this.#last;
    this.#engine?.release?.();
    this.#engine = undefined;
    this.#tensors = [];
  }

  /** Before `infer` and `evaluate`: computes what depends on the weights alone, if they changed. */
  async prepare(): Promise<void> {
    const { prepare } = this.blueprint.routines;
    if (prepare && this.stale) await this.engine.run(prepare, 1, this.pace, () => {});
    this.stale = false;
  }

  /** Gives a routine samples `from` … of `arrays`. */
  feed(plan: Plan, arrays: Batch, from: number, samples: number): Routine {
    const routine = this.engine.bind(plan);
    for (const [name, view] of routine.inputs) {
      const array = own(arrays, name) as Elements;
      // $seed and $step are one number for all samples.
      const size = view.length / plan.maxBatch;
      view.set(name.startsWith('$') ? array : array.subarray(from * size, (from + samples) * size));
    }
    return routine;
  }

  /**
   * Runs a routine on samples `from` …; `done` gets what it is bound to. One that ends with `finite` at 0 has changed nothing
   * that persists.
   */
  async run(
    plan: Plan,
    arrays: Batch,
    from: number,
    samples: number,
    done: (routine: Routine) => unknown,
  ): Promise<void> {
    const routine = this.feed(plan, arrays, from, samples);
    await this.engine.run(plan, samples, this.pace, () => done(routine));
  }
}
