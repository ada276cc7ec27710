import type { TensorType } from '../../base/types.ts';
import type { AttributeSpecs, Mismatch } from '../../graph/op.ts';
import { mismatch } from '../../graph/op.ts';
import { rankMismatch } from './shapes.ts';

/** Where windows lie: the attributes of convolutions and pooling. */
export const strides = {
  type: 'size',
  doc: 'the step from one window to the next: height, width',
  default: [1, 1],
  minimum: 1,
} as const satisfies AttributeSpecs[string];
export const padding = {
  type: 'padding',
  doc: 'valid: windows inside only; same: ceil(input / stride) windows; a size: that many zeros on each side',
  default: 'valid',
  minimum: 0,
} as const satisfies AttributeSpecs[string];

export interface Kernel {
  /** height, width */
  readonly size: readonly [number, number];
  readonly inputs: number;
  readonly outputs: number;
}

/** The parts of an HWIO kernel. */
export function kernelOf(type: TensorType): Kernel | Mismatch {
  const [height, width, inputs, outputs, more] = type.shape;
  if (
    typeof height !== 'number' ||
    typeof width !== 'number' ||
    typeof inputs !== 'number' ||
    typeof outputs !== 'number' ||
    more !== undefined
  ) {
    return rankMismatch('the kernel', '[kernel rows, kernel columns, input channels, output channels]', type);
  }
  return { size: [height, width], inputs, outputs };
}

export function channelMismatch(image: number, kernel: number): Mismatch | undefined {
  if (image === kernel) return undefined;
  return mismatch(
    'E0403',
    `the kernel takes ${kernel} input ${kernel === 1 ? 'channel' : 'channels'}, the image has ${image}`,
    `the third extent of the kernel must be ${image}`,
  );
}

/** A gradient has the shape of what it is the gradient of. */
export function gradientMismatch(dy: TensorType, wanted: TensorType['shape']): Mismatch | undefined {
  if (dy.shape.length === wanted.length && dy.shape.every((extent, i) => extent === wanted[i]))
    return undefined;
  return mismatch('E0415', `the gradient is [${dy.shape.join(', ')}], the result [${wanted.join(', ')}]`);
}
