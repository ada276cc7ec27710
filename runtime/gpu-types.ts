import type { CreateOptions } from './model-types.ts';

export interface GpuOptions extends CreateOptions {
  /** Where GPUs are found; default: `navigator.gpu`. */
  readonly gpu?: GpuLike;
  /** A `GPUDevice` to share; `dispose` does not end it. Default: one of the model's own. */
  readonly device?: GpuDeviceLike;
  /** Which GPU, where there are several. */
  readonly powerPreference?: 'low-power' | 'high-performance';
  /** For measurements: told after each run how long each launch took, in milliseconds. Such runs are slower. */
  readonly profile?: (routine: string, milliseconds: readonly number[]) => void;
}

/** `navigator.gpu`, or what stands for it outside of a browser. */
export type GpuLike = { requestAdapter(options?: object): Promise<object | null> };

export type GpuDeviceLike = Readonly<Record<'features' | 'limits' | 'queue', object>>;
