import { elements, own, sizeOf } from './arrays.ts';
import { ModelError } from './errors.ts';
import type { Blueprint, Launch, Routine, RoutinePlan, Tensor } from './program.ts';
import { Pace, Turns } from './turns.ts';
import type { Batch, Elements } from './types.ts';

/** The memory of one model and the running of its routines. What users do with it is in other files. */
export class Core {
  readonly blueprint: Blueprint;
  readonly #turns = new Turns();
  readonly pace = new Pace();
  /** Views of everything that persists, by name. */
  readonly views: ReadonlyMap<string, Elements>;
  /** What `prepare` made is older than the weights. */
  stale = true;
  fitting = false;
  #weights: ArrayBuffer;
  #work = new ArrayBuffer(0);
  #bound = new Map<RoutinePlan, Routine>();
  disposed = false;

  constructor(blueprint: Blueprint) {
    this.blueprint = blueprint;
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

  /** A routine over memory that is large enough for it. All routines share that memory: none leaves anything there. */
  bind(plan: RoutinePlan): Routine {
    this.check();
    if (plan.workBytes > this.#work.byteLength) {
      this.#work = new ArrayBuffer(0);
      this.#bound.clear();
      this.#work = allocate(plan.workBytes);
    }
    const routine = this.#bound.get(plan) ?? plan.bind(this.#weights, this.#work);
    this.#bound.set(plan, routine);
    return routine;
  }

  /** What a call does, in its turn. */
  turn<T>(task: () => T | Promise<T>): Promise<T> {
    return this.#turns.take(() => {
      this.check();
      this.pace.begin();
      return task();
    });
  }

  /** Runs kernels one after the other, with a rest for the event loop where it is time. */
  async launch(launches: readonly Launch[], samples: number): Promise<void> {
    for (const { run } of launches) {
      run(samples);
      const rest = this.pace.due();
      if (rest) await rest;
    }
  }

  /** Brings what is computed from the weights alone up to date. */
  async prepare(): Promise<void> {
    const { prepare } = this.blueprint.routines;
    if (prepare && this.stale) await this.launch(this.bind(prepare).launches, 1);
    this.stale = false;
  }

  check(): void {
    if (this.disposed) throw new ModelError('disposed', 'this model was disposed of');
  }

  dispose(): void {
    this.disposed = true;
    this.#weights = new ArrayBuffer(0);
    this.#work = new ArrayBuffer(0);
    this.#bound.clear();
  }
}

/** Copies samples `from` … `from + samples - 1` of `arrays` to where a routine reads them. */
export function feed(
  plan: RoutinePlan,
  routine: Routine,
  arrays: Batch,
  from: number,
  samples: number,
): void {
  for (const [name, view] of routine.inputs) {
    const array = own(arrays, name);
    // $seed and $step are one number for all samples.
    const size = name.startsWith('$') ? 0 : view.length / plan.maxBatch;
    if (array) view.set(size === 0 ? array : array.subarray(from * size, (from + samples) * size));
  }
}

function allocate(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch {
    throw new ModelError('memory', `there is no room for ${bytes} bytes`, { bytes });
  }
}
