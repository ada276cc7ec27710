import type { DType } from '../../base/types.ts';

/** The typed array that holds elements of a type. */
export const arrayOf: Readonly<Record<DType, string>> = {
  f32: 'Float32Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
  u8: 'Uint8Array',
  bool: 'Uint8Array',
};
