import type { Engine } from './engine.ts';
import { ModelError } from './errors.ts';
import type { Encoder, GpuDevice } from './gpu-api.ts';
import type { Compiled, Dispatch } from './gpu-device.ts';
import { compileShader, openDevice } from './gpu-device.ts';
import type { Port } from './gpu-memory.ts';
import { GpuMemory } from './gpu-memory.ts';
import type { GpuBlueprint, GpuPort, GpuRoutine, Place, Shader } from './gpu-program.ts';
import type { GpuOptions } from './gpu-types.ts';
import { allocate } from './memory.ts';
import type { HeldTensor, Plan, Routine } from './program.ts';

/** Runs kernels that are WGSL, on a GPU. */
export async function gpuEngine(blueprint: GpuBlueprint, options: GpuOptions): Promise<Engine> {
  const { bytes, limits, features, halved, slab } = blueprint;
  const weights = allocate(bytes);
  const uses = { ...features, ...(options.profile && { 'timestamp-query': 'profile' }) };
  const { device, adapter } = await openDevice(options, limits, Object.keys(uses));
  const has = (feature: string): boolean => device.features.has(feature);
  const missing = Object.entries(uses).filter(([feature]) => !has(feature));
  const reason = missing.map(([feature, use]) => `${use}: this GPU has no ${feature}`).join('; ');
  const isHalved = has('shader-f16');
  const routines = { ...blueprint.routines, ...(isHalved && halved) };
  const plans = Object.entries(routines);
  const tables = plans.map(([, plan]) => plan.bind(weights, weights) as GpuRoutine);
  const launches = tables.flatMap((table) => [...table.launches, ...(table.commit ?? [])]);
  const work = Math.max(...plans.map(([, plan]) => plan.bytes));
  device.pushErrorScope('out-of-memory');
  const arenas = { weights: bytes, work, host: 256 + launches.length * 16 };
  const memory = new GpuMemory(device, !options.device, arenas, slab);
  const allocated = device.popErrorScope();
  try {
    const shaders = [...new Set(launches.map(({ shader }) => shader))];
    const compiled = shaders.map(async (shader) => [shader, await compileShader(device, shader)] as const);
    const [full, ...pipelines] = await Promise.all([allocated, ...compiled]);
    const text = `the GPU has no room for ${bytes + work} bytes: ${full?.message}`;
    if (full) throw new ModelError('memory', text);
    memory.check();
    const bound = plans.map(([name, plan], i): [Plan, BoundRoutine] => {
      const profile = has('timestamp-query') ? options.profile?.bind(options, name) : undefined;
      const table = tables[i] as GpuRoutine;
      return [plan, bindRoutine(table, plan.maxBatch, memory, new Map(pipelines), profile)];
    });
    const info: Engine['info'] = {
      target: 'wgsl',
      threads: 1,
      adapter,
      ...(halved && { precision: isHalved ? 'f16' : 'f32' }),
      ...(reason && { reason }),
    };
    const known = { blueprint: { ...blueprint, routines }, info, weights };
    return gpuEngineOf(known, memory, new Map(bound));
  } catch (error) {
    memory.release();
    // Of a device that is lost the reason is better.
    memory.check();
    throw error;
  }
}

function gpuEngineOf(
  known: Pick<Engine, 'blueprint' | 'info' | 'weights'>,
  memory: GpuMemory,
  routines: ReadonlyMap<Plan, BoundRoutine>,
): Engine {
  const portOf = ({ offset, data }: HeldTensor): Port => [data, ['weights', offset, data.length * 4]];
  /** Since then weights are newer there. */
  let stepped = false;
  /** What ends the runs that were begun, oldest first. */
  const begun: (() => Promise<unknown>)[] = [];
  const finish = async (rest = 0): Promise<void> => {
    while (begun.length > rest) await begun.shift()?.();
  };
  return {
    ...known,
    bind: (plan) => routines.get(plan) as BoundRoutine,
    // While the host takes what one run gives, the GPU is at work on the next.
    async run(plan, samples, _, done) {
      memory.check();
      const routine = routines.get(plan) as BoundRoutine;
      stepped ||= routine.finite !== undefined;
      const ended = routine.submit(samples, begun.length === 0);
      begun.push(() => ended().then(done));
      await finish(1);
    },
    finish,
    async download(tensors) {
      await finish();
      memory.check();
      if (stepped) await Promise.all(tensors.map((tensor) => memory.download(...portOf(tensor))));
    },
    upload(tensors) {
      memory.check();
      for (const tensor of tensors) memory.upload(portOf(tensor));
      memory.snapshot = undefined;
    },
    keep(snapshot) {
      memory.snapshot = snapshot;
    },
    release: () => memory.release(),
  };
}

/** A `Batch`: the number of samples, and whether the commit phase may write. */
const batchPlace: Place = ['host', 0, 8];
const gatePlace: Place = ['host', 4, 4];
/** Where times begin. */
const timesPlace: Place = ['host', 256, 0];

interface BoundRoutine extends Routine {
  /** A whole run, as one submission. The result waits for the run, and takes what it gives. */
  submit(samples: number, opensGate: boolean): () => Promise<void>;
}

/** `profile` is told how long each launch took, in milliseconds. */
function bindRoutine(
  { inputs, results, launches, commit }: GpuRoutine,
  maxBatch: number,
  memory: GpuMemory,
  shaders: ReadonlyMap<Shader, Compiled>,
  profile?: (milliseconds: readonly number[]) => void,
): BoundRoutine {
  const { device } = memory;
  const dispatches = [...launches, ...(commit ?? [])].map(({ shader, operands }) => {
    const compiled = shaders.get(shader) as Compiled;
    return compiled([batchPlace, ...operands].map((place) => memory.at(place)));
  });
  const finite = commit && new Uint8Array(1);
  const stamps = new BigUint64Array(profile ? dispatches.length * 2 : 0);
  const querySet = profile && device.createQuerySet({ type: 'timestamp', count: stamps.length });
  const others: readonly Port[] = [
    ...(finite ? [[finite, gatePlace] as const] : []),
    ...(querySet ? [[new Uint32Array(stamps.buffer), timesPlace] as const] : []),
  ];
  /** What so many samples take of them; what is for all samples is one number. */
  const part = (ports: readonly GpuPort[], samples: number): readonly Port[] =>
    ports.map(([, view, place]) => [view.subarray(0, Math.ceil((view.length / maxBatch) * samples)), place]);
  /** What the GPU has to know. Behind a step that has not ended the gate is left as it is. */
  const upload = (samples: number, opensGate: boolean): void => {
    memory.upload([Uint32Array.of(samples, 1).subarray(0, opensGate ? 2 : 1), batchPlace]);
    for (const port of part(inputs, samples)) memory.upload(port);
  };
  const read = (place: Place, count: number) => memory.download(new Float32Array(count), place);
  return {
    inputs,
    results,
    ...(finite && { finite }),
    launches: launches.map((launch, i) => ({
      ...launch,
      run(samples) {
        // The first one takes what the routine takes.
        if (i === 0) upload(samples, true);
        device.queue.submit([encode(device, dispatches.slice(i, i + 1), samples).finish()]);
      },
      writes: (samples) => Promise.all(launch.writes?.(read, samples) ?? []),
    })),
    submit(samples, opensGate) {
      upload(samples, opensGate);
      const encoder = encode(device, dispatches, samples, querySet);
      const { buffer } = memory.at(timesPlace);
      if (querySet) encoder.resolveQuerySet(querySet, 0, stamps.length, buffer, timesPlace[1]);
      const ended = memory.submit(encoder, [...part(results, samples), ...others]);
      return async () => {
        await ended();
        const at = (i: number): bigint => stamps[i] ?? 0n;
        profile?.(dispatches.map((_, i) => Number(at(i * 2 + 1) - at(i * 2)) / 1e6));
      };
    },
  };
}

/** All in one pass; with a query set each in one of its own, for the times of its start and end. */
function encode(device: GpuDevice, all: readonly Dispatch[], samples: number, querySet?: object): Encoder {
  const encoder = device.createCommandEncoder();
  (querySet ? all.map((each) => [each]) : [all]).forEach((some, i) => {
    const timestampWrites = { querySet, beginningOfPassWriteIndex: i * 2, endOfPassWriteIndex: i * 2 + 1 };
    const pass = encoder.beginComputePass(querySet && { timestampWrites });
    for (const dispatch of some) dispatch(pass, samples);
    pass.end();
  });
  return encoder;
}
