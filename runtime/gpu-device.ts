import { ModelError } from './errors.ts';
import type { Gpu, GpuDevice } from './gpu-api.ts';
import type { Shader } from './gpu-program.ts';
import type { GpuOptions } from './gpu-types.ts';

type Limits = GpuDevice['limits'];

/** A device with these limits and those of `features` that there are, or the reason why there is none. */
export async function openDevice(
  { gpu, device, powerPreference }: GpuOptions,
  needs: Limits,
  features: readonly string[],
): Promise<{ readonly device: GpuDevice; readonly adapter: string }> {
  if (device) {
    const given = device as GpuDevice;
    if (!given.limits) throw new ModelError('options', 'device: this is no GPUDevice');
    checkLimits(given.limits, needs, 'the device that was given');
    return { device: given, adapter: nameOf(given.adapterInfo) };
  }
  const scope: object = globalThis;
  const { navigator } = scope as { navigator?: { gpu?: Gpu } };
  const api = (gpu as Gpu | undefined) ?? navigator?.gpu;
  if (!api) {
    const message = 'this engine has no WebGPU (navigator.gpu); pages have it on https and localhost only';
    throw new ModelError('gpu-missing', message);
  }
  if (!api.requestAdapter) throw new ModelError('options', 'gpu: this is nothing like navigator.gpu');
  const adapter = await api.requestAdapter(powerPreference ? { powerPreference } : {}).catch(String);
  if (!adapter || typeof adapter === 'string') {
    const reason = adapter ?? 'there is no GPU, no driver, or it is blocked';
    throw new ModelError('gpu-adapter', `WebGPU gives no adapter: ${reason}`);
  }
  const name = nameOf(adapter.info);
  checkLimits(adapter.limits, needs, name);
  const requiredFeatures = features.filter((feature) => adapter.features.has(feature));
  try {
    // Small needs do no harm: a device has at least what every device has.
    return {
      device: await adapter.requestDevice({ requiredFeatures, requiredLimits: needs }),
      adapter: name,
    };
  } catch (error) {
    throw new ModelError('gpu-device', `${name} gives no device (${String(error)})`);
  }
}

const nameOf = ({ vendor, architecture, description }: Readonly<Record<string, string>> = {}): string =>
  [vendor, architecture, description].filter(Boolean).join(' ') || 'a GPU without a name';

function checkLimits(limits: Limits, needs: Limits, whose: string): void {
  for (const [limit, needed] of Object.entries(needs)) {
    const given = limits[limit] ?? 0;
    const message = `this model needs a ${limit} of ${needed}, but ${whose} has ${given}`;
    if (given < needed) throw new ModelError('gpu-limits', message, { limit, needed, given });
  }
}

/** `Batch` at 0, and operand i at i + 1 if it has a binding of its own. */
export const bindingsOf = ({ access }: Shader): readonly number[] => [
  0,
  ...access.flatMap((kind, i) => (kind === 'shared' ? [] : [i + 1])),
];

export interface Pipeline {
  readonly layout: object;
  readonly pipeline: object;
}

/** Compiles all at the same time. */
export async function compileShaders(
  device: GpuDevice,
  common: string,
  shaders: ReadonlySet<Shader>,
): Promise<ReadonlyMap<Shader, Pipeline>> {
  // What is wrong with a shader comes with its pipeline.
  device.pushErrorScope('validation');
  const all = [...shaders].map(async (of) => [of, await compileShader(device, common, of)] as const);
  device.popErrorScope().catch(() => {});
  return new Map(await Promise.all(all));
}

/** An error says where in the WGSL the shader is wrong. */
async function compileShader(device: GpuDevice, common: string, shader: Shader): Promise<Pipeline> {
  const { name, access } = shader;
  const subgroups = device.features.has('subgroups') && shader.subgroups;
  const enable = (shader.f16 ? 'enable f16;\n' : '') + (subgroups ? 'enable subgroups;\n' : '');
  const code = enable + common + (subgroups || shader.code);
  const module = device.createShaderModule({ label: name, code });
  const entries = bindingsOf(shader).map((binding) => {
    const type = access[binding - 1] === 'read' ? 'read-only-storage' : binding ? 'storage' : 'uniform';
    return { binding, visibility: 4, buffer: { type } };
  });
  const layout = device.createBindGroupLayout({ entries });
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: name },
    });
    return { layout, pipeline };
  } catch (error) {
    const { messages } = await module.getCompilationInfo();
    const first = messages.find(({ type }) => type === 'error');
    const { message: reason, lineNum: line } = first ?? { message: String(error), lineNum: 0 };
    const text = code.split('\n')[line - 1]?.trim();
    const where = text === undefined ? '' : `\n${line} | ${text}`;
    const details = { kernel: name, line, text, reason };
    throw new ModelError('gpu-shader', `the shader \`${name}\` is refused: ${reason}${where}`, details);
  }
}
