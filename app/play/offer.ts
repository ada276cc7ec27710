/** What this browser can run a model on. */
import type { Setup } from '../../compiler/cli/play/setup.ts';
import type { Offer } from './protocol.ts';

export async function offerOf({ noGpuModule }: Setup): Promise<Offer> {
  const processors = navigator.hardwareConcurrency;
  if (noGpuModule !== undefined) return { processors, noGpu: noGpuModule };
  // Typed as always there; older browsers and pages without HTTPS (loopback is fine) do not have it.
  const gpu = navigator.gpu as GPU | undefined;
  if (!gpu) return { processors, noGpu: 'this browser has no WebGPU, or it is turned off' };
  try {
    const adapter = await gpu.requestAdapter();
    if (!adapter) return { processors, noGpu: 'the browser found no graphics adapter that it may use' };
    const { vendor, architecture, description, device } = adapter.info;
    const name = [description || device || architecture, vendor].filter((part) => part !== '').join(', ');
    return {
      processors,
      gpu: { name: name || 'an adapter without a name', software: isSoftware(adapter, name) },
    };
  } catch (error) {
    return { processors, noGpu: error instanceof Error ? error.message : String(error) };
  }
}

/** A processor that acts as an adapter is slower than WebAssembly on it. */
const isSoftware = ({ info }: GPUAdapter, name: string): boolean =>
  info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/iu.test(name);
