import { readSafetensors } from '../../runtime/safetensors.ts';
import type { Weight } from './index.ts';

/** The tensors of a safetensors file, as `model.saveWeights()` makes it. */
export function weightsOf(file: Uint8Array): readonly Weight[] {
  return [...readSafetensors(file).tensors.values()];
}
