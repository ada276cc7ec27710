import { ModelError } from './errors.ts';
import type { GpuDevice, ShaderModule } from './gpu-api.ts';
import type { Shader } from './gpu-program.ts';

/** The operands with a binding of their own: operand i at binding i + 1. */
export const bindingsOf = ({ access }: Shader): readonly number[] =>
  access.flatMap((kind, i) => (kind === 'shared' ? [] : [i + 1]));

export interface Compiled {
  readonly layout: object;
  readonly pipeline: object;
}

/** Compiles each shader, all at the same time. */
export async function compileShaders(
  device: GpuDevice,
  common: string,
  shaders: Iterable<Shader>,
): Promise<ReadonlyMap<Shader, Compiled>> {
  const layouts = new Map<string, object>();
  const compiled = new Map<Shader, Promise<Compiled>>();
  device.pushErrorScope('validation');
  for (const shader of shaders) {
    const types = ['uniform', ...shader.access.map((access) => storage[access])];
    const entries = [0, ...bindingsOf(shader)].map((binding) => ({
      binding,
      visibility: 4,
      buffer: { type: types[binding] as string },
    }));
    const key = JSON.stringify(entries);
    const layout = layouts.get(key) ?? device.createBindGroupLayout({ entries });
    layouts.set(key, layout);
    compiled.set(shader, compileShader(device, common, shader, layout));
  }
  // What is wrong with a shader comes with its pipeline.
  device.popErrorScope().catch(() => {});
  const pairs = [...compiled].map(async ([shader, result]) => [shader, await result] as const);
  return new Map(await Promise.all(pairs));
}

/** Types of bindings. */
const storage = { read: 'read-only-storage', read_write: 'storage', shared: '' };

async function compileShader(
  device: GpuDevice,
  common: string,
  shader: Shader,
  layout: object,
): Promise<Compiled> {
  const { name } = shader;
  const subgroups = device.features.has('subgroups') && shader.subgroups;
  const code = subgroups ? `enable subgroups;\n${common}${subgroups}` : common + shader.code;
  const module = device.createShaderModule({ label: name, code });
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: name },
    });
    return { layout, pipeline };
  } catch (error) {
    throw await shaderError(name, code, module, error);
  }
}

/** The error that says where in the WGSL a shader is wrong. */
async function shaderError(
  kernel: string,
  code: string,
  module: ShaderModule,
  error: unknown,
): Promise<ModelError> {
  const { messages } = await module.getCompilationInfo();
  const first = messages.find(({ type }) => type === 'error');
  const reason = first?.message ?? (error as Error).message;
  const line = first?.lineNum ?? 0;
  const text = code.split('\n')[line - 1]?.trim();
  const where = text === undefined ? '' : `\n${line} | ${text}`;
  const details = { kernel, line, text, reason };
  return new ModelError('gpu-shader', `the shader \`${kernel}\` is refused: ${reason}${where}`, details);
}
