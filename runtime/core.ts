import { arrayTypes, own, sizeOf } from './arrays.ts';
import type { Engine } from './engine.ts';
import { ModelError } from './errors.ts';
import type { Batch, Elements } from './model-types.ts';
import { Pace } from './pace.ts';
import type { Blueprint, Plan, Routine, Tensor } from './program.ts';

/** One model: what persists, and the calls on it. */
export class Core {
  readonly blueprint: Blueprint;
  engine: Engine;
  readonly pace = new Pace();
  /** What `prepare` computes is older than the weights. */
  stale = true;
  fitting = false;
  #disposed = false;
  readonly #views = new Map<string, Elements>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(blueprint: Blueprint, engine: Engine) {
    this.blueprint = blueprint;
    this.engine = engine;
    for (const { name, dtype = 'f32', shape, offset } of blueprint.tensors) {
      const view = new arrayTypes[dtype](engine.weights, offset, sizeOf(shape));
      this.#views.set(name, view);
    }
  }

  /** The tensors with one of these roles, and their contents as they are now. */
  async tensors(...roles: readonly Tensor['role'][]) {
    await this.engine.pull?.();
    return this.blueprint.tensors
      .filter(({ role }) => roles.includes(role))
      .map((tensor) => ({
        dtype: 'f32' as const,
        ...tensor,
        data: this.#views.get(tensor.name) as Elements,
      }));
  }

  async set(values: ReadonlyMap<string, ArrayLike<number>>): Promise<void> {
    await this.engine.pull?.();
    for (const [name, data] of values) this.#views.get(name)?.set(data);
    this.engine.push?.();
    this.stale = true;
    this.engine.lost = false;
  }

  /** Calls take turns: runs `task` when those before have ended, well or badly. */
  turn<T>(task: () => T | Promise<T>, mends = false): Promise<T> {
    const result = this.#last.then(() => {
      this.check(mends);
      this.pace.begin();
      return task();
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /** Whether it can be used; `mends`: in order to set all weights. */
  check(mends = false): void {
    if (this.#disposed) throw new ModelError('disposed', 'this model was disposed of');
    if (this.engine.lost && !mends) {
      throw new ModelError('weights-lost', 'a step broke off while it changed the weights; load some');
    }
  }

  async dispose(): Promise<void> {
    await this.#last;
    if (this.#disposed) return;
    this.#disposed = true;
    this.#views.clear();
    this.engine.dispose?.();
    // The memory goes with it.
    delete (this as { engine?: Engine }).engine;
  }

  /** Before `infer` and `evaluate`: computes what depends on the weights alone, if they changed. */
  async prepare(): Promise<void> {
    const { prepare } = this.blueprint.routines;
    if (prepare && this.stale) await this.engine.run(prepare, 1, this.pace);
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
   * that persists. Engines with `begin` may be at work on it still; then all has ended after `engine.end()`.
   */
  async run(
    plan: Plan,
    arrays: Batch,
    from: number,
    samples: number,
    done: (routine: Routine) => unknown,
  ): Promise<void> {
    const { engine, pace } = this;
    const routine = this.feed(plan, arrays, from, samples);
    if (engine.begin) return engine.begin(plan, samples, () => done(routine));
    await engine.run(plan, samples, pace);
    await done(routine);
  }
}
