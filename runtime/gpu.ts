import { sizeOf } from './arrays.ts';
import type { Engine } from './engine.ts';
import type { GpuLimits } from './gpu-api.ts';
import { openDevice } from './gpu-device.ts';
import { GpuMemory } from './gpu-memory.ts';
import type { Compiled } from './gpu-pipelines.ts';
import { bindingsOf, compileShaders } from './gpu-pipelines.ts';
import type { GpuBlueprint, GpuLaunch, GpuRoutine, Place, Shader } from './gpu-program.ts';
import { BoundRoutine, launchesOf } from './gpu-routine.ts';
import type { GpuOptions } from './gpu-types.ts';
import { allocate } from './memory.ts';
import type { Plan } from './program.ts';

/** Runs kernels that are WGSL, on a GPU. */
export async function gpuEngine(blueprint: GpuBlueprint, options: GpuOptions): Promise<Engine> {
  const weights = allocate(blueprint.bytes);
  const plans = Object.values(blueprint.routines) as readonly Plan[];
  const tables = new Map(plans.map((plan) => [plan, plan.bind(weights, weights) as GpuRoutine]));
  const launches = [...tables.values()].flatMap(launchesOf);
  const shaders = new Set(launches.map(({ shader }) => shader));
  const work = Math.max(...plans.map(({ bytes }) => bytes));
  const bytes = { weights: weights.byteLength, work, batch: 8, commit: 8 };
  const { slab = Number.MAX_SAFE_INTEGER } = blueprint;
  const wanted = wantedOf(options, shaders);
  const { device, adapter, own } = await openDevice(options, needsOf(bytes, slab, launches), wanted);
  const memory = new GpuMemory(device, own, bytes, slab);
  try {
    const compiling = compileShaders(device, blueprint.common, shaders);
    const [compiled] = await Promise.all([compiling, memory.allocated]);
    memory.check();
    const missing = wanted.filter((feature) => !device.features.has(feature));
    return new GpuEngine({ blueprint, options, missing, adapter, weights, memory, tables, compiled });
  } catch (error) {
    memory.dispose();
    // Of a device that is lost the reason is better.
    memory.check();
    throw error;
  }
}

/** Features that are of use, if the GPU has them. */
const wantedOf = ({ profile }: GpuOptions, shaders: ReadonlySet<Shader>): readonly string[] => [
  ...(profile ? ['timestamp-query'] : []),
  ...([...shaders].some(({ subgroups }) => subgroups) ? ['subgroups'] : []),
];

const needsOf = (
  { weights, work }: Readonly<Record<Place[0], number>>,
  slab: number,
  launches: readonly GpuLaunch[],
): GpuLimits => ({
  maxBufferSize: Math.min(Math.max(weights, work), slab),
  maxStorageBufferBindingSize: Math.max(...launches.flatMap(({ operands }) => operands.map(([, , n]) => n))),
  maxStorageBuffersPerShaderStage: Math.max(...launches.map(({ shader }) => bindingsOf(shader).length)),
});

/** What is done without them. */
const uses: Readonly<Record<string, string>> = { 'timestamp-query': 'profile', subgroups: 'shaders' };

interface Parts {
  readonly blueprint: GpuBlueprint;
  readonly options: GpuOptions;
  /** Features that the GPU has not. */
  readonly missing: readonly string[];
  readonly adapter: string;
  readonly weights: ArrayBuffer;
  readonly memory: GpuMemory;
  readonly tables: ReadonlyMap<Plan, GpuRoutine>;
  readonly compiled: ReadonlyMap<Shader, Compiled>;
}

class GpuEngine implements Engine {
  readonly info: Engine['info'];
  readonly weights: ArrayBuffer;
  readonly #parts: Parts;
  readonly #memory: GpuMemory;
  readonly #bound = new Map<Plan, BoundRoutine>();
  /** What persists as bytes here and as 32 bits there. */
  readonly #bytes: readonly { readonly view: Uint8Array; readonly place: Place }[];
  /** `weights` are newer than what the GPU has, or older. */
  #isAhead = true;
  #isBehind = false;
  /** What ends the runs that were begun, oldest first; and how many of them are steps. */
  readonly #begun: (() => Promise<void>)[] = [];
  #steps = 0;

  constructor(parts: Parts) {
    const { blueprint, missing, adapter, weights, memory } = parts;
    const reason = missing.map((feature) => `${uses[feature]}: this GPU has no ${feature}`).join('; ');
    this.info = { target: 'wgsl', threads: 1, adapter, ...(reason && { reason }) };
    this.weights = weights;
    this.#parts = parts;
    this.#memory = memory;
    this.#bytes = blueprint.tensors.flatMap(({ dtype, shape, offset }) => {
      if (dtype !== 'u8' && dtype !== 'bool') return [];
      const view = new Uint8Array(weights, offset, sizeOf(shape));
      return [{ view, place: ['weights', offset, view.length * 4] as const }];
    });
  }

  set snapshot(snapshot: Uint8Array | undefined) {
    this.#memory.rescue = snapshot ? { snapshot } : {};
  }

  bind(plan: Plan): BoundRoutine {
    const known = this.#bound.get(plan);
    if (known) return known;
    const { blueprint, options, missing, tables, compiled } = this.#parts;
    const { profile } = options;
    const [name = ''] = Object.entries(blueprint.routines).find(([, each]) => each === plan) ?? [];
    const timed = profile && !missing.includes('timestamp-query');
    const report = timed ? (times: readonly number[]): void => profile(name, times) : undefined;
    const table = tables.get(plan) as GpuRoutine;
    const bound = new BoundRoutine(table, plan.maxBatch, this.#memory, compiled, report);
    this.#bound.set(plan, bound);
    return bound;
  }

  async run(plan: Plan, samples: number): Promise<void> {
    await this.begin(plan, samples, () => {});
    await this.end();
  }

  /** While the host takes what one run gives, the GPU is at work on the next. */
  async begin(plan: Plan, samples: number, done: () => unknown): Promise<void> {
    const memory = this.#memory;
    memory.check();
    const bound = this.bind(plan);
    if (this.#isAhead) {
      memory.write(['weights', 0, 0], new Uint32Array(this.weights));
      for (const { view, place } of this.#bytes) memory.write(place, view);
      this.#isAhead = false;
    }
    bound.upload(samples, this.#steps === 0);
    const end = bound.submit(samples);
    const isStep = bound.finite !== undefined;
    if (isStep) this.#isBehind = true;
    this.#steps += Number(isStep);
    this.#begun.push(async () => {
      this.#steps -= Number(isStep);
      await end();
      await done();
    });
    await this.end(1);
  }

  async end(rest = 0): Promise<void> {
    while (this.#begun.length > rest) await this.#begun.shift()?.();
  }

  push(): void {
    this.#isAhead = true;
    this.snapshot = undefined;
  }

  async pull(): Promise<void> {
    const memory = this.#memory;
    memory.check();
    if (!this.#isBehind) return;
    const contents = await memory.download(['weights', 0, this.weights.byteLength]);
    new Uint8Array(this.weights).set(new Uint8Array(contents));
    for (const { view, place } of this.#bytes) view.set(new Uint32Array(contents, place[1], view.length));
    this.#isBehind = false;
  }

  dispose(): void {
    for (const routine of this.#bound.values()) routine.dispose();
    this.#memory.dispose();
  }
}
