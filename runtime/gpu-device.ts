import { ModelError } from './errors.ts';
import type { Gpu, GpuAdapter, GpuDevice, Pass } from './gpu-api.ts';
import type { Shader } from './gpu-program.ts';
import type { GpuOptions } from './gpu-types.ts';

/** A device with these limits and those of `features` that there are, or the reason why there is none. */
export async function openDevice(
  options: GpuOptions,
  limits: GpuDevice['limits'],
  features: readonly string[],
): Promise<{ readonly device: GpuDevice; readonly adapter: string }> {
  const source = (options.device as GpuDevice | undefined) ?? (await findAdapter(options));
  if (!source.limits) throw new ModelError('options', 'device: this is no GPUDevice');
  const { vendor, architecture, description } = source.info ?? source.adapterInfo ?? {};
  const adapter = [vendor, architecture, description].filter(Boolean).join(' ') || 'a GPU without a name';
  for (const [limit, needed] of Object.entries(limits)) {
    const given = source.limits[limit] ?? 0;
    const message = `this model needs a ${limit} of ${needed}, but ${adapter} has ${given}`;
    if (given < needed) throw new ModelError('gpu-limits', message, { limit, needed, given });
  }
  if (!('requestDevice' in source)) return { device: source, adapter };
  const requiredFeatures = features.filter((feature) => source.features.has(feature));
  try {
    // Small limits do no harm: a device has at least what every device has.
    return { device: await source.requestDevice({ requiredFeatures, requiredLimits: limits }), adapter };
  } catch (error) {
    throw new ModelError('gpu-device', `${adapter} gives no device (${String(error)})`);
  }
}

async function findAdapter({ gpu, powerPreference }: GpuOptions): Promise<GpuAdapter> {
  const scope: object = globalThis;
  const { navigator } = scope as { navigator?: { gpu?: Gpu } };
  const api = (gpu as Gpu | undefined) ?? navigator?.gpu;
  if (!api) {
    const message = 'this engine has no WebGPU (navigator.gpu); pages have it on https and localhost only';
    throw new ModelError('gpu-missing', message);
  }
  if (!api.requestAdapter) throw new ModelError('options', 'gpu: this is nothing like navigator.gpu');
  const adapter = await api.requestAdapter(powerPreference ? { powerPreference } : {}).catch(String);
  if (adapter && typeof adapter !== 'string') return adapter;
  const reason = adapter ?? 'there is no GPU, no driver, or it is blocked';
  throw new ModelError('gpu-adapter', `WebGPU gives no adapter: ${reason}`);
}

/** A launch in a pass. */
export type Dispatch = (pass: Pass, samples: number) => void;

/** A shader with what stands at its bindings, once it is compiled. */
export type Compiled = (bindings: readonly object[]) => Dispatch;

/** An error says where in the WGSL the shader is wrong. */
export async function compileShader(device: GpuDevice, shader: Shader): Promise<Compiled> {
  const { name, bindings, workgroups } = shader;
  const code = (device.features.has('subgroups') && shader.subgroups) || shader.code;
  // What is wrong comes with the pipeline.
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: name, code });
  const entries = bindings.map((type, binding) => ({ binding, visibility: 4, buffer: { type } }));
  const bindGroupLayout = device.createBindGroupLayout({ entries });
  const layout = device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] });
  device.popErrorScope().catch(() => {});
  const compute = { module, entryPoint: name };
  try {
    const pipeline = await device.createComputePipelineAsync({ label: name, layout, compute });
    return (resources) => {
      const entries = resources.map((resource, binding) => ({ binding, resource }));
      const group = device.createBindGroup({ layout: bindGroupLayout, entries });
      return (pass, samples) => {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups(samples));
      };
    };
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
