import type { CreateOptions } from './model-types.ts';

export interface WasmOptions extends CreateOptions {
  /** Multiply and add with one rounding where the engine can: faster, and other bits than elsewhere. Default false. */
  readonly fast?: boolean;
}
