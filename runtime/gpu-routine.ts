import { arrayTypes } from './arrays.ts';
import type { Encoder } from './gpu-api.ts';
import type { Pipeline } from './gpu-device.ts';
import { bindingsOf } from './gpu-device.ts';
import type { GpuMemory, Port } from './gpu-memory.ts';
import type { GpuLaunch, GpuPort, GpuRoutine, Place, Shader } from './gpu-program.ts';
import type { Routine } from './program.ts';

/** Closes the commit phase, from the first step on that is not finite. */
const gateShader: Shader = {
  name: 'gate',
  access: ['read_write', 'read_write'],
  workgroups: () => [1, 1, 1],
  code: `
@group(0) @binding(1) var<storage, read_write> finite: u32;
@group(0) @binding(2) var<storage, read_write> commit: Batch;
@compute @workgroup_size(1) fn gate() { commit.go &= finite; }
`,
};

/** Of what the runtime itself needs. A `Batch` is the number of samples, and whether launches may run. */
const gpuPlaces = {
  batch: ['batch', 0, 8],
  commit: ['commit', 0, 8],
  gate: ['commit', 4, 4],
  times: ['times', 0, 0],
} as const;

/** In order. */
export const launchesOf = ({ launches, commit = [], finite }: GpuRoutine): readonly GpuLaunch[] =>
  finite ? [...launches, { shader: gateShader, operands: [finite, gpuPlaces.commit] }, ...commit] : launches;

/** A routine with arrays for what goes in and out. */
export interface BoundRoutine extends Routine {
  /** A whole run, as one submission. The result waits for the run, and takes what it gives. */
  submit(samples: number, opensGate: boolean): () => Promise<void>;
}

/** `profile` is told how long each launch took, in milliseconds. */
export function bindRoutine(
  table: GpuRoutine,
  maxBatch: number,
  memory: GpuMemory,
  pipelines: ReadonlyMap<Shader, Pipeline>,
  profile?: (times: readonly number[]) => void,
): BoundRoutine {
  const { device } = memory;
  const [inputs, results] = [table.inputs.map(portOf), table.results.map(portOf)];
  /** What so many samples take of them; $seed and $step are for all samples. */
  const parts = (ports: typeof inputs, samples: number): readonly Port[] =>
    ports.map(({ name, view, place }) => {
      const end = name.startsWith('$') ? view.length : (view.length / maxBatch) * samples;
      return { view: view.subarray(0, end), place };
    });
  const finite = table.finite && new Uint8Array(1);
  const dispatches = dispatchesOf(table, memory, pipelines);
  const count = profile ? dispatches.length * 2 : 0;
  const querySet = profile && device.createQuerySet({ type: 'timestamp', count });
  const stamps = new BigUint64Array(count);
  const others: readonly Port[] = [
    ...(finite ? [{ view: finite, place: gpuPlaces.gate }] : []),
    ...(querySet ? [{ view: new Uint32Array(stamps.buffer), place: gpuPlaces.times }] : []),
  ];
  /** What the GPU has to know. Behind a step that has not ended the gate is left as it is. */
  const upload = (samples: number, opensGate: boolean): void => {
    const view = Uint32Array.of(samples, 1);
    memory.upload({ view, place: gpuPlaces.batch });
    if (finite) memory.upload({ view: view.subarray(0, opensGate ? 2 : 1), place: gpuPlaces.commit });
    for (const port of parts(inputs, samples)) memory.upload(port);
  };
  const read = async (place: Place): Promise<Float32Array> => {
    const view = new Float32Array(place[2] / 4);
    await memory.download({ view, place });
    return view;
  };
  return {
    inputs: inputs.map(({ name, view }) => [name, view]),
    results: results.map(({ name, view }) => [name, view]),
    ...(finite && { finite }),
    launches: table.launches.map(({ of = '', writes }, i) => ({
      of,
      run(samples) {
        // The first one takes what the routine takes.
        if (i === 0) upload(samples, true);
        device.queue.submit([encode(memory, dispatches.slice(i, i + 1), samples).finish()]);
      },
      writes: async (samples) => (await writes?.(read, samples)) ?? [],
    })),
    submit(samples, opensGate) {
      upload(samples, opensGate);
      const encoder = encode(memory, dispatches, samples, querySet);
      const end = memory.submit(encoder, [...parts(results, samples), ...others]);
      return async () => {
        await end();
        const ends = Array.from(stamps, Number);
        const took = ends.flatMap((to, i) => (i % 2 ? [(to - (ends[i - 1] ?? 0)) / 1e6] : []));
        profile?.(took.filter((_, i) => !finite || i !== table.launches.length));
      };
    },
  };
}

const portOf = ([name, dtype, length, place]: GpuPort) => ({
  name,
  view: new arrayTypes[dtype](length),
  place,
});

interface Dispatch {
  readonly workgroups: Shader['workgroups'];
  readonly pipeline: object;
  readonly group: object;
}

const dispatchesOf = (
  table: GpuRoutine,
  memory: GpuMemory,
  pipelines: ReadonlyMap<Shader, Pipeline>,
): readonly Dispatch[] =>
  launchesOf(table).map(({ shader, operands }, i) => {
    const { layout, pipeline } = pipelines.get(shader) as Pipeline;
    const places: readonly Place[] = [gpuPlaces[i > table.launches.length ? 'commit' : 'batch'], ...operands];
    const entries = bindingsOf(shader).map((binding) => {
      const place = places[binding] as Place;
      // Elements may be vectors of four.
      return { binding, resource: { ...memory.at(place), size: Math.ceil(place[2] / 16) * 16 } };
    });
    return {
      workgroups: shader.workgroups,
      pipeline,
      group: memory.device.createBindGroup({ layout, entries }),
    };
  });

/** One pass, or with a query set one for each launch, which it times. */
function encode(
  memory: GpuMemory,
  dispatches: readonly Dispatch[],
  samples: number,
  querySet?: object,
): Encoder {
  const encoder = memory.device.createCommandEncoder();
  (querySet ? dispatches.map((each) => [each]) : [dispatches]).forEach((some, i) => {
    const ends = { beginningOfPassWriteIndex: i * 2, endOfPassWriteIndex: i * 2 + 1 };
    const pass = encoder.beginComputePass({ timestampWrites: querySet && { querySet, ...ends } });
    for (const { workgroups, pipeline, group } of some) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups(samples));
    }
    pass.end();
  });
  if (querySet)
    encoder.resolveQuerySet(querySet, 0, dispatches.length * 2, memory.at(gpuPlaces.times).buffer, 0);
  return encoder;
}
