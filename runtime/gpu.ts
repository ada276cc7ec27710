import type { Engine } from './engine.ts';
import { ModelError } from './errors.ts';
import { bindingsOf, compileShaders, openDevice } from './gpu-device.ts';
import type { Port } from './gpu-memory.ts';
import { GpuMemory } from './gpu-memory.ts';
import type { GpuBlueprint, GpuLaunch, GpuRoutine, Shader } from './gpu-program.ts';
import type { BoundRoutine } from './gpu-routine.ts';
import { bindRoutine, launchesOf } from './gpu-routine.ts';
import type { GpuOptions } from './gpu-types.ts';
import { allocate } from './memory.ts';
import type { HeldTensor, Plan } from './program.ts';

/** Runs kernels that are WGSL, on a GPU. */
export async function gpuEngine(blueprint: GpuBlueprint, options: GpuOptions): Promise<Engine> {
  const { halved, bytes, common, slab = Number.MAX_SAFE_INTEGER } = blueprint;
  const weights = allocate(bytes);
  const portable = contentsOf(blueprint.routines, weights);
  const halves = halved && contentsOf({ ...blueprint.routines, ...halved }, weights);
  const uses = usesOf(options, [...portable.shaders, ...(halves?.shaders ?? [])]);
  const maxBufferSize = Math.min(slab, Math.max(bytes, portable.work));
  const needs = { ...needsOf(portable.launches), maxBufferSize };
  const { device, adapter } = await openDevice(options, needs, Object.keys(uses));
  const chosen = device.features.has('shader-f16') ? (halves ?? portable) : portable;
  const { routines, tables, launches, shaders, work } = chosen;
  const arenas = { weights: bytes, work, batch: 8, commit: 8, times: launches.length * 16 };
  device.pushErrorScope('out-of-memory');
  const memory = new GpuMemory(device, !options.device, arenas, slab);
  const allocated = device.popErrorScope();
  try {
    const [pipelines, full] = await Promise.all([compileShaders(device, common, shaders), allocated]);
    const text = `the GPU has no room for ${bytes + work} bytes: ${full?.message}`;
    if (full) throw new ModelError('memory', text);
    memory.check();
    const bound = Object.entries(routines).map(([name, plan]): [Plan, BoundRoutine] => {
      const { profile } = device.features.has('timestamp-query') ? options : {};
      const table = tables.get(name) as GpuRoutine;
      return [plan, bindRoutine(table, plan.maxBatch, memory, pipelines, profile?.bind(options, name))];
    });
    const missing = Object.entries(uses).filter(([feature]) => !device.features.has(feature));
    const info: Engine['info'] = {
      target: 'wgsl',
      threads: 1,
      adapter,
      ...(halves && { precision: chosen === halves ? 'f16' : 'f32' }),
      ...(missing[0] && { reason: missing.map(([of, use]) => `${use}: this GPU has no ${of}`).join('; ') }),
    };
    return gpuEngineOf({ ...blueprint, routines }, { info, weights }, memory, new Map(bound));
  } catch (error) {
    memory.dispose();
    // Of a device that is lost the reason is better.
    memory.check();
    throw error;
  }
}

/** What there is to bind. */
function contentsOf(routines: GpuBlueprint['routines'], weights: ArrayBuffer) {
  const plans = Object.entries(routines);
  const tables = new Map(plans.map(([name, { bind }]) => [name, bind(weights, weights) as GpuRoutine]));
  const launches = [...tables.values()].flatMap(launchesOf);
  const shaders = new Set(launches.map(({ shader }) => shader));
  return { routines, tables, launches, shaders, work: Math.max(...plans.map(([, { bytes }]) => bytes)) };
}

const needsOf = (launches: readonly GpuLaunch[]) => ({
  maxStorageBufferBindingSize: Math.max(...launches.flatMap(({ operands }) => operands.map(([, , n]) => n))),
  maxStorageBuffersPerShaderStage: Math.max(...launches.map(({ shader }) => bindingsOf(shader).length - 1)),
});

/** Features that help where a GPU has them, and what with. */
const usesOf = ({ profile }: GpuOptions, shaders: readonly Shader[]): Readonly<Record<string, string>> => ({
  ...(profile && { 'timestamp-query': 'profile' }),
  ...(shaders.some(({ subgroups }) => subgroups) && { subgroups: 'shaders' }),
  ...(shaders.some(({ f16 }) => f16) && { 'shader-f16': 'precision' }),
});

function gpuEngineOf(
  blueprint: GpuBlueprint,
  { info, weights }: Pick<Engine, 'info' | 'weights'>,
  memory: GpuMemory,
  routines: ReadonlyMap<Plan, BoundRoutine>,
): Engine {
  const portOf = ({ offset, data: view }: HeldTensor): Port => {
    return { view, place: ['weights', offset, view.length * 4] };
  };
  /** Since then weights are newer there. */
  let stepped = false;
  /** What ends the runs that were begun, oldest first. */
  const begun: (() => Promise<void>)[] = [];
  const finish = async (rest = 0): Promise<void> => {
    while (begun.length > rest) await begun.shift()?.();
  };
  const bind = (plan: Plan) => routines.get(plan) as BoundRoutine;
  return {
    info,
    blueprint,
    weights,
    bind,
    // While the host takes what one run gives, the GPU is at work on the next.
    async run(plan, samples, _, done) {
      memory.check();
      const routine = bind(plan);
      stepped ||= routine.finite !== undefined;
      const ended = routine.submit(samples, begun.length === 0);
      begun.push(async () => {
        await ended();
        await done();
      });
      await finish(1);
    },
    finish,
    async download(tensors) {
      await finish();
      memory.check();
      if (stepped) await Promise.all(tensors.map((tensor) => memory.download(portOf(tensor))));
    },
    upload(tensors) {
      memory.check();
      for (const tensor of tensors) memory.upload(portOf(tensor));
      memory.snapshot = undefined;
    },
    keep(snapshot) {
      memory.snapshot = snapshot;
    },
    dispose: () => memory.dispose(),
  };
}
