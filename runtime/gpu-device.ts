import { ModelError } from './errors.ts';
import type { AdapterInfo, Gpu, GpuDevice, GpuLimits } from './gpu-api.ts';
import type { GpuOptions } from './gpu-types.ts';

export interface Opened {
  readonly device: GpuDevice;
  /** The name of the GPU. */
  readonly adapter: string;
  /** It was made for this model. */
  readonly own: boolean;
}

/** What every device has; more must be asked for. */
const guaranteed: GpuLimits = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxStorageBuffersPerShaderStage: 8,
};

/** A device with these limits and those of `features` that there are, or the reason why there is none. */
export async function openDevice(
  { gpu, device, powerPreference }: GpuOptions,
  needs: GpuLimits,
  features: readonly string[],
): Promise<Opened> {
  if (device) {
    const given = device as GpuDevice;
    if (!given.limits) throw new ModelError('options', 'device: this is no GPUDevice');
    checkLimits(given.limits, needs, 'the device that was given');
    return { device: given, adapter: nameOf(given.adapterInfo), own: false };
  }
  const scope: object = globalThis;
  const present = (scope as { navigator?: { gpu?: Gpu } }).navigator?.gpu;
  const api = (gpu ?? present) as Gpu | undefined;
  if (!api) {
    const message = 'this engine has no WebGPU (navigator.gpu); pages have it on https and localhost only';
    throw new ModelError('gpu-missing', message);
  }
  if (!api.requestAdapter) throw new ModelError('options', 'gpu: this is nothing like navigator.gpu');
  const wanted = powerPreference && { powerPreference };
  const adapter = await api.requestAdapter(wanted ?? {}).catch((error: unknown) => {
    throw new ModelError('gpu-adapter', `WebGPU refuses to give an adapter (${String(error)})`);
  });
  if (!adapter) {
    throw new ModelError(
      'gpu-adapter',
      'WebGPU has no adapter: there is no GPU, no driver, or it is blocked',
    );
  }
  const name = nameOf(adapter.info);
  checkLimits(adapter.limits, needs, name);
  const larger = Object.entries(needs).filter(([limit, need]) => need > guaranteed[limit as keyof GpuLimits]);
  const descriptor = {
    requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(larger),
  };
  try {
    return { device: await adapter.requestDevice(descriptor), adapter: name, own: true };
  } catch (error) {
    throw new ModelError('gpu-device', `${name} gives no device (${String(error)})`);
  }
}

const nameOf = (info: AdapterInfo | undefined): string =>
  [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ') || 'a GPU without a name';

function checkLimits(limits: GpuLimits, needs: GpuLimits, whose: string): void {
  for (const [limit, needed] of Object.entries(needs)) {
    const given = limits[limit as keyof GpuLimits];
    if (given >= needed) continue;
    const message = `this model needs a ${limit} of ${needed}, but ${whose} has ${given}`;
    throw new ModelError('gpu-limits', message, { limit, needed, given });
  }
}
