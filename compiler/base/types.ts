import { invariant } from './invariant.ts';

/** The element types of tensors and buffers. `bool` is stored as one byte. */
export const dtypes = ['f32', 'i32', 'u32', 'u8', 'bool'] as const;
export type DType = (typeof dtypes)[number];

export const bytesPerElement: Readonly<Record<DType, number>> = { f32: 4, i32: 4, u32: 4, u8: 1, bool: 1 };

/** `'N'` is the batch: the one symbolic extent, and only ever the outermost one. */
export type Extent = number | 'N';

/** The extent, where it cannot be the batch. */
export function fixedExtent(extent: Extent | undefined): number {
  invariant(typeof extent === 'number', 'this extent is known when a model is compiled');
  return extent;
}

/** What both IRs say of a value: `f32[N, 26, 26, 32]`. A scalar has the shape `[]`. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly Extent[];
}

export function sameShape(a: readonly Extent[], b: readonly Extent[]): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

export function sameType(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

/** `f32[N, 3, 3]`; `f32[]` for a scalar. */
export function formatType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(', ')}]`;
}

/** The number of elements when the batch is `n`. */
export function elementCount(shape: readonly Extent[], n: number): number {
  return shape.reduce<number>((product, extent) => product * (extent === 'N' ? n : extent), 1);
}
