import { arrayTypes, sizeOf } from './arrays.ts';
import type { Engine } from './engine.ts';
import type { ComputePass, Encoder, GpuBuffer, GpuLimits } from './gpu-api.ts';
import { usage } from './gpu-api.ts';
import { clockOf } from './gpu-clock.ts';
import { openDevice } from './gpu-device.ts';
import { GpuMemory } from './gpu-memory.ts';
import { bindingsOf, compileShaders } from './gpu-pipelines.ts';
import type { Compiled } from './gpu-pipelines.ts';
import type { GpuBlueprint, GpuLaunch, GpuPort, GpuRoutine, Place, Shader } from './gpu-program.ts';
import type { GpuOptions } from './gpu-types.ts';
import { allocate } from './memory.ts';
import type { Elements } from './model-types.ts';
import type { Launch, Plan, Routine } from './program.ts';

/** Runs kernels that are WGSL, on a GPU. */
export async function gpuEngine(blueprint: GpuBlueprint, options: GpuOptions): Promise<Engine> {
  const weights = allocate(blueprint.bytes);
  const plans = Object.values(blueprint.routines) as readonly Plan[];
  const tables = new Map(plans.map((plan) => [plan, plan.bind(weights, weights) as GpuRoutine]));
  const launches = [...tables.values()].flatMap(launchesOf);
  const shaders = new Set(launches.map(({ shader }) => shader));
  const bytes = {
    weights: weights.byteLength,
    work: Math.max(...plans.map((plan) => plan.bytes)),
    batch: 8,
    commit: 8,
  };
  const { slab = Number.MAX_SAFE_INTEGER } = blueprint;
  const opened = await openDevice(
    options,
    needsOf(bytes, slab, launches),
    options.profile ? ['timestamp-query'] : [],
  );
  const memory = new GpuMemory(opened, bytes, slab);
  try {
    const compiling = compileShaders(opened.device, blueprint.common, shaders);
    const [compiled] = await Promise.all([compiling, memory.allocated]);
    memory.check();
    return new GpuEngine({ blueprint, options, adapter: opened.adapter, weights, memory, tables, compiled });
  } catch (error) {
    memory.dispose();
    // Of a device that is lost the reason is better.
    memory.check();
    throw error;
  }
}

const needsOf = (
  { weights, work }: Readonly<Record<Place[0], number>>,
  slab: number,
  launches: readonly GpuLaunch[],
): GpuLimits => ({
  maxBufferSize: Math.min(Math.max(weights, work), slab),
  maxStorageBufferBindingSize: Math.max(...launches.flatMap(({ operands }) => operands.map(([, , n]) => n))),
  maxStorageBuffersPerShaderStage: Math.max(...launches.map(({ shader }) => bindingsOf(shader).length)),
});

/** Closes the commit phase, from the first step on that is not finite. */
const gateShader: Shader = {
  name: 'gate',
  access: ['read_write', 'read_write'],
  workgroups: () => [1, 1, 1],
  code: `
@group(0) @binding(1) var<storage, read_write> finite: u32;
@group(0) @binding(2) var<storage, read_write> commit: Batch;

@compute @workgroup_size(1)
fn gate() {
  commit.go &= finite;
}
`,
};

const gate: Place = ['commit', 0, 8];

/** In order. */
const launchesOf = ({ launches, commit = [], finite }: GpuRoutine): readonly GpuLaunch[] => [
  ...launches,
  ...(finite ? [{ shader: gateShader, operands: [finite, gate] }] : []),
  ...commit,
];

/** What goes in or out: an array here, a place there. */
interface Port {
  readonly view: Elements;
  readonly place: Place;
  /** Elements of one sample; absent where all samples share them. */
  readonly each?: number | undefined;
}

/** The part of a port that so many samples need. */
const partOf = ({ view, each }: Port, samples: number): Elements =>
  each === undefined ? view : view.subarray(0, each * samples);

interface GpuBound extends Routine {
  readonly takes: readonly Port[];
  readonly gives: readonly Port[];
  readonly dispatches: readonly Dispatch[];
  /** Buffers to read results from that no run uses. */
  readonly free: GpuBuffer[];
}

interface Dispatch {
  readonly workgroups: Shader['workgroups'];
  readonly pipeline: object;
  readonly group: object;
}

interface Parts {
  readonly blueprint: GpuBlueprint;
  readonly options: GpuOptions;
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
  /** What persists as bytes here and as 32 bits there. */
  readonly #bytes: readonly Port[];
  readonly #bound = new Map<Plan, GpuBound>();
  /** `weights` are newer than what the GPU has, or older. */
  #isAhead = true;
  #isBehind = false;
  /** What ends the runs that were begun, oldest first; and how many of them are steps. */
  readonly #begun: (() => Promise<unknown>)[] = [];
  #steps = 0;

  constructor(parts: Parts) {
    const { blueprint, options, adapter, weights, memory } = parts;
    const untimed = options.profile && !memory.device.features.has('timestamp-query');
    const reason = 'profile: this GPU has no timestamp-query';
    this.info = { target: 'wgsl', threads: 1, adapter, ...(untimed && { reason }) };
    this.weights = weights;
    this.#parts = parts;
    this.#memory = memory;
    this.#bytes = blueprint.tensors.flatMap(({ dtype, shape, offset }): Port[] => {
      if (dtype !== 'u8' && dtype !== 'bool') return [];
      const view = new Uint8Array(weights, offset, sizeOf(shape));
      return [{ view, place: ['weights', offset, view.length * 4] }];
    });
  }

  set snapshot(snapshot: Uint8Array | undefined) {
    this.#memory.rescue = snapshot ? { snapshot } : {};
  }

  bind(plan: Plan): GpuBound {
    const known = this.#bound.get(plan);
    if (known) return known;
    const table = this.#parts.tables.get(plan) as GpuRoutine;
    const ports = (list: readonly GpuPort[]) =>
      list.map(([name, dtype, length, place]) => ({
        name,
        view: new arrayTypes[dtype](length),
        place,
        each: name.startsWith('$') ? undefined : length / plan.maxBatch,
      }));
    const inputs = ports(table.inputs);
    const results = ports(table.results);
    const finite = { view: new Uint8Array(1), place: ['commit', 4, 4] as const };
    const bound: GpuBound = {
      inputs: inputs.map(({ name, view }) => [name, view]),
      results: results.map(({ name, view }) => [name, view]),
      takes: inputs,
      gives: [...results, ...(table.finite ? [finite] : [])],
      dispatches: launchesOf(table).map((launch, i) => this.#dispatch(launch, i > table.launches.length)),
      launches: table.launches.map((launch, i) => this.#traced(plan, launch, i)),
      free: [],
      ...(table.finite && { finite: finite.view }),
    };
    this.#bound.set(plan, bound);
    return bound;
  }

  #dispatch({ shader, operands }: GpuLaunch, isCommit: boolean): Dispatch {
    const memory = this.#memory;
    const { layout, pipeline } = this.#parts.compiled.get(shader) as Compiled;
    const uniform = { binding: 0, resource: memory.at([isCommit ? 'commit' : 'batch', 0, 8]) };
    const entries = bindingsOf(shader).map((binding) => {
      const place = operands[binding - 1] as Place;
      // Elements may be vectors of four.
      return { binding, resource: { ...memory.at(place), size: Math.ceil(place[2] / 16) * 16 } };
    });
    const group = memory.device.createBindGroup({ layout, entries: [uniform, ...entries] });
    return { workgroups: shader.workgroups, pipeline, group };
  }

  async run(plan: Plan, samples: number): Promise<void> {
    await this.begin(plan, samples, () => {});
    await this.end();
  }

  async begin(plan: Plan, samples: number, done: () => unknown): Promise<void> {
    const end = this.#submit(plan, samples);
    this.#begun.push(() => end().then(done));
    await this.end(1);
  }

  async end(rest = 0): Promise<void> {
    while (this.#begun.length > rest) await this.#begun.shift()?.();
  }

  /** A whole run is one submission; the result waits for it and takes what it gives. */
  #submit(plan: Plan, samples: number): () => Promise<void> {
    const memory = this.#memory;
    const { device } = memory;
    memory.check();
    const bound = this.bind(plan);
    this.#upload(bound, samples);
    const encoder = device.createCommandEncoder();
    const report = this.#encode(encoder, plan, bound, samples);
    const size = bound.gives.reduce((sum, { view }) => sum + view.length * 4, 0);
    const readback = bound.free.pop() ?? memory.buffer(Math.max(4, size), usage.map | usage.to);
    let place = 0;
    for (const port of bound.gives) {
      const bytes = partOf(port, samples).length * 4;
      memory.copy(encoder, [port.place[0], port.place[1], bytes], readback, place);
      place += bytes;
    }
    device.queue.submit([encoder.finish()]);
    if (bound.finite) this.#isBehind = true;
    const mapped = readback.mapAsync(1);
    // Reported when the run is to end.
    mapped.catch(() => {});
    if (bound.finite) this.#steps++;
    return async () => {
      if (bound.finite) this.#steps--;
      await memory.read(readback, mapped, (contents) => receive(bound.gives, samples, contents));
      bound.free.push(readback);
      await report?.();
    };
  }

  /** Before a run: what the GPU has to know. */
  #upload({ takes, finite }: GpuBound, samples: number): void {
    const memory = this.#memory;
    if (this.#isAhead) {
      memory.write(['weights', 0, 0], new Uint32Array(this.weights));
      for (const { view, place } of this.#bytes) memory.write(place, view);
      this.#isAhead = false;
    }
    memory.write(['batch', 0, 8], Uint32Array.of(samples, 1));
    // Behind a step that has not ended the gate stays as it is.
    if (finite) memory.write(['commit', 0, 8], Uint32Array.of(samples, ...(this.#steps ? [] : [1])));
    for (const port of takes) memory.write(port.place, partOf(port, samples));
  }

  /** All launches; the result tells `profile` how long they took. */
  #encode(encoder: Encoder, plan: Plan, { dispatches, launches, finite }: GpuBound, samples: number) {
    const { blueprint, options } = this.#parts;
    const { profile } = options;
    const { device } = this.#memory;
    if (!profile || !device.features.has('timestamp-query')) {
      const pass = encoder.beginComputePass();
      for (const each of dispatches) dispatch(pass, each, samples);
      pass.end();
      return undefined;
    }
    const clock = clockOf(device, dispatches.length);
    dispatches.forEach((each, i) => {
      const pass = encoder.beginComputePass(clock.descriptor(i));
      dispatch(pass, each, samples);
      pass.end();
    });
    clock.stop(encoder);
    return async () => {
      const times = await clock.times();
      if (finite) times.splice(launches.length, 1);
      const [name = ''] = Object.entries(blueprint.routines).find(([, each]) => each === plan) ?? [];
      profile(name, times);
    };
  }

  /** One launch alone, to see what it writes; the first one takes what the routine takes. */
  #traced(plan: Plan, { of, writes }: GpuLaunch, i: number): Launch {
    const memory = this.#memory;
    const read = async (place: Place) => new Float32Array(await memory.download(place));
    return {
      run: (samples) => {
        const bound = this.bind(plan);
        if (i === 0) this.#upload(bound, samples);
        const encoder = memory.device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        dispatch(pass, bound.dispatches[i] as Dispatch, samples);
        pass.end();
        memory.device.queue.submit([encoder.finish()]);
      },
      ...(of && writes && { of, writes: (samples) => writes(read, samples) }),
    };
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
    for (const { free } of this.#bound.values()) for (const buffer of free) buffer.destroy();
    this.#memory.dispose();
  }
}

function receive(ports: readonly Port[], samples: number, contents: ArrayBuffer): void {
  let place = 0;
  for (const port of ports) {
    const part = partOf(port, samples);
    const Type = part instanceof Uint8Array ? Uint32Array : (part.constructor as typeof Float32Array);
    part.set(new Type(contents, place, part.length));
    place += part.length * 4;
  }
}

function dispatch(pass: ComputePass, { workgroups, pipeline, group }: Dispatch, samples: number): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...workgroups(samples));
}
