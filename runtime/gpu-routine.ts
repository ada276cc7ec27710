import { arrayTypes } from './arrays.ts';
import type { ComputePass, Encoder, GpuBuffer } from './gpu-api.ts';
import { usage } from './gpu-api.ts';
import { clockOf } from './gpu-clock.ts';
import type { GpuMemory } from './gpu-memory.ts';
import type { Compiled } from './gpu-pipelines.ts';
import { bindingsOf } from './gpu-pipelines.ts';
import type { GpuLaunch, GpuPort, GpuRoutine, Place, Shader } from './gpu-program.ts';
import type { Elements } from './model-types.ts';
import type { Launch, Routine } from './program.ts';

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
export const launchesOf = ({ launches, commit = [], finite }: GpuRoutine): readonly GpuLaunch[] => [
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

interface Dispatch {
  readonly workgroups: Shader['workgroups'];
  readonly pipeline: object;
  readonly group: object;
}

/** A routine with arrays for what goes in and out, and its launches as a GPU takes them. */
export class BoundRoutine implements Routine {
  readonly inputs: Routine['inputs'];
  readonly results: Routine['results'];
  readonly launches: readonly Launch[];
  readonly finite?: Uint8Array;
  readonly #memory: GpuMemory;
  readonly #takes: readonly Port[];
  readonly #gives: readonly Port[];
  readonly #dispatches: readonly Dispatch[];
  /** Buffers to read results from that no run uses. */
  readonly #free: GpuBuffer[] = [];
  readonly #profile: ((milliseconds: readonly number[]) => void) | undefined;

  constructor(
    table: GpuRoutine,
    maxBatch: number,
    memory: GpuMemory,
    compiled: ReadonlyMap<Shader, Compiled>,
    profile?: (milliseconds: readonly number[]) => void,
  ) {
    const ports = (list: readonly GpuPort[]) =>
      list.map(([name, dtype, length, place]) => {
        const each = name.startsWith('$') ? undefined : length / maxBatch;
        return { name, view: new arrayTypes[dtype](length), place, each };
      });
    const [inputs, results] = [ports(table.inputs), ports(table.results)];
    this.inputs = inputs.map(({ name, view }) => [name, view]);
    this.results = results.map(({ name, view }) => [name, view]);
    this.#memory = memory;
    this.#takes = inputs;
    this.#gives = results;
    if (table.finite) {
      this.finite = new Uint8Array(1);
      this.#gives = [...results, { view: this.finite, place: ['commit', 4, 4] }];
    }
    this.#dispatches = launchesOf(table).map(({ shader, operands }, i) => {
      const { layout, pipeline } = compiled.get(shader) as Compiled;
      const batch: Place = [i > table.launches.length ? 'commit' : 'batch', 0, 8];
      const entries = [0, ...bindingsOf(shader)].map((binding) => {
        const place = binding === 0 ? batch : (operands[binding - 1] as Place);
        // Elements may be vectors of four.
        const size = binding === 0 ? 8 : Math.ceil(place[2] / 16) * 16;
        return { binding, resource: { ...memory.at(place), size } };
      });
      const group = memory.device.createBindGroup({ layout, entries });
      return { workgroups: shader.workgroups, pipeline, group };
    });
    this.launches = table.launches.map((launch, i) => this.#traced(launch, i));
    this.#profile = profile;
  }

  /** Before a run: what the GPU has to know. Behind a step that has not ended the gate is left as it is. */
  upload(samples: number, opensGate: boolean): void {
    const memory = this.#memory;
    memory.write(['batch', 0, 8], Uint32Array.of(samples, 1));
    if (this.finite) memory.write(gate, Uint32Array.of(samples, ...(opensGate ? [1] : [])));
    for (const port of this.#takes) memory.write(port.place, partOf(port, samples));
  }

  /** A whole run is one submission. The result waits for the run, and takes what it gives. */
  submit(samples: number): () => Promise<void> {
    const memory = this.#memory;
    const encoder = memory.device.createCommandEncoder();
    const report = this.#encode(encoder, samples);
    const size = this.#gives.reduce((sum, { view }) => sum + view.length * 4, 0);
    const readback = this.#free.pop() ?? memory.buffer(Math.max(4, size), usage.map | usage.to);
    let offset = 0;
    for (const port of this.#gives) {
      const bytes = partOf(port, samples).length * 4;
      memory.copy(encoder, [port.place[0], port.place[1], bytes], readback, offset);
      offset += bytes;
    }
    memory.device.queue.submit([encoder.finish()]);
    const mapped = readback.mapAsync(1);
    // Reported when the run is to end.
    mapped.catch(() => {});
    return async () => {
      await memory.read(readback, mapped, (contents) => this.#receive(contents, samples));
      this.#free.push(readback);
      await report?.();
    };
  }

  /** All launches; the result tells `profile` how long they took. */
  #encode(encoder: Encoder, samples: number) {
    const { device } = this.#memory;
    const profile = this.#profile;
    if (!profile) {
      const pass = encoder.beginComputePass();
      for (const each of this.#dispatches) dispatch(pass, each, samples);
      pass.end();
      return undefined;
    }
    const clock = clockOf(device, this.#dispatches.length);
    this.#dispatches.forEach((each, i) => {
      const pass = encoder.beginComputePass(clock.descriptor(i));
      dispatch(pass, each, samples);
      pass.end();
    });
    clock.stop(encoder);
    return async () => {
      const times = await clock.times();
      if (this.finite) times.splice(this.launches.length, 1);
      profile(times);
    };
  }

  #receive(contents: ArrayBuffer, samples: number): void {
    let offset = 0;
    for (const port of this.#gives) {
      const part = partOf(port, samples);
      const Type = part instanceof Uint8Array ? Uint32Array : (part.constructor as typeof Float32Array);
      part.set(new Type(contents, offset, part.length));
      offset += part.length * 4;
    }
  }

  /** One launch alone, to see what it writes; the first one takes what the routine takes. */
  #traced({ of, writes }: GpuLaunch, i: number): Launch {
    const memory = this.#memory;
    const read = async (place: Place) => new Float32Array(await memory.download(place));
    return {
      run: (samples) => {
        if (i === 0) this.upload(samples, true);
        const encoder = memory.device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        dispatch(pass, this.#dispatches[i] as Dispatch, samples);
        pass.end();
        memory.device.queue.submit([encoder.finish()]);
      },
      ...(of && writes && { of, writes: (samples) => writes(read, samples) }),
    };
  }

  dispose(): void {
    for (const buffer of this.#free) buffer.destroy();
  }
}

function dispatch(pass: ComputePass, { workgroups, pipeline, group }: Dispatch, samples: number): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...workgroups(samples));
}
