import { arrayTypes, own, sizeOf } from './arrays.ts';
import { ModelError } from './errors.ts';
import type { Batch, Elements } from './model-types.ts';
import type { Blueprint, Launch, Plan, Routine, Tensor } from './program.ts';

/** The memory of one model, and the running of its routines. */
export class Core {
  readonly blueprint: Blueprint;
  /** What `prepare` computes is older than the weights. */
  stale = true;
  fitting = false;
  #disposed = false;
  readonly #views = new Map<string, Elements>();
  #weights: ArrayBuffer;
  #work = new ArrayBuffer(0);
  readonly #bound = new Map<Plan, Routine>();
  #last: Promise<unknown> = Promise.resolve();
  #worked = 0;
  #rested = 0;

  constructor(blueprint: Blueprint) {
    this.blueprint = blueprint;
    this.#weights = allocate(blueprint.bytes);
    for (const { name, dtype = 'f32', shape, offset } of blueprint.tensors) {
      this.#views.set(name, new arrayTypes[dtype](this.#weights, offset, sizeOf(shape)));
    }
  }

  /** The tensors with one of these roles, and their contents. */
  tensors(...roles: readonly Tensor['role'][]) {
    return this.blueprint.tensors
      .filter(({ role }) => roles.includes(role))
      .map((tensor) => ({
        dtype: 'f32' as const,
        ...tensor,
        data: this.#views.get(tensor.name) as Elements,
      }));
  }

  set(values: ReadonlyMap<string, ArrayLike<number>>): void {
    for (const [name, data] of values) this.#views.get(name)?.set(data);
    this.stale = true;
  }

  /** Calls take turns: runs `task` when those before have ended, well or badly. */
  turn<T>(task: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      this.check();
      // No kernel ran for a while, so the event loop did.
      if (performance.now() - this.#worked > 20) this.#rested = performance.now();
      return task();
    });
    this.#last = result.catch(() => {});
    return result;
  }

  check(): void {
    if (this.#disposed) throw new ModelError('disposed', 'this model was disposed of');
  }

  async dispose(): Promise<void> {
    await this.#last;
    this.#disposed = true;
    this.#views.clear();
    this.#bound.clear();
    this.#weights = this.#work = new ArrayBuffer(0);
  }

  /** A routine over enough memory; all routines share it, as none leaves anything there. */
  bind(plan: Plan): Routine {
    if (plan.bytes > this.#work.byteLength) {
      this.#bound.clear();
      this.#work = allocate(plan.bytes);
    }
    const routine = this.#bound.get(plan) ?? plan.bind(this.#weights, this.#work);
    this.#bound.set(plan, routine);
    return routine;
  }

  /** Runs kernels, long ones in parts of some milliseconds. */
  async launch(launches: readonly Launch[], samples: number): Promise<void> {
    for (const { run, parts = 1 } of launches) {
      const count = parts === 'N' ? samples : parts;
      for (let start = 0, size = 1; start < count;) {
        const end = Math.min(start + size, count);
        const began = performance.now();
        run(samples, start, end);
        this.#worked = performance.now();
        if (this.#worked - began < 4) size *= 2;
        start = end;
        if (this.#worked - this.#rested > 20) await this.#rest();
      }
    }
  }

  /** Lets timers, input and painting have their turn. In browsers, setTimeout could take 4 ms. */
  async #rest(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    await new Promise((resolve) => {
      Object.assign(port1, { onmessage: resolve });
      port2.postMessage(0);
    });
    port1.close();
    this.#rested = performance.now();
  }

  /** Before `infer` and `evaluate`: computes what depends on the weights alone, if they changed. */
  async prepare(): Promise<void> {
    const { prepare } = this.blueprint.routines;
    if (prepare && this.stale) await this.launch(this.bind(prepare).launches, 1);
    this.stale = false;
  }

  /** Gives a routine samples `from` … of `arrays`. */
  feed(plan: Plan, arrays: Batch, from: number, samples: number): Routine {
    const routine = this.bind(plan);
    for (const [name, view] of routine.inputs) {
      const array = own(arrays, name) as Elements;
      // $seed and $step are one number for all samples.
      const size = view.length / plan.maxBatch;
      view.set(name.startsWith('$') ? array : array.subarray(from * size, (from + samples) * size));
    }
    return routine;
  }

  async run(plan: Plan, arrays: Batch, from: number, samples: number): Promise<Routine> {
    const routine = this.feed(plan, arrays, from, samples);
    await this.launch(routine.launches, samples);
    return routine;
  }
}

function allocate(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch {
    throw new ModelError('memory', `there is no room for ${bytes} bytes`);
  }
}
