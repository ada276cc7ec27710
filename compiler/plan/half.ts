/** What is worth storing as f16 where a device has it. */
import type { TensorType } from '../base/types.ts';
import { elementCount } from '../base/types.ts';
import { hasTrait } from '../graph/op.ts';
import type { Root } from './roots.ts';

/** What an f16 takes in memory. */
export const halfBytes = 2;

/** Of fewer numbers per sample, half the bytes is nothing. */
const fewest = 1024;

/** Whether a tensor is large enough for f16 to save time. */
export const isWorthHalving = ({ dtype, shape }: TensorType): boolean =>
  dtype === 'f32' && elementCount(shape, 1) >= fewest;

/** The same of what launches work on. Sums over whole axes may be larger than an f16, and are small tensors mostly. */
export const isHalvedInWork = (root: Root): boolean =>
  root.kind === 'node' && !hasTrait(root.op, 'reduction') && isWorthHalving(root.type);
