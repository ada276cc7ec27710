/** As `toI32`, for other ranges. */
export function toU32(x: number): number {
  return x >= 4294967295 ? 4294967295 : x > 0 ? x >>> 0 : 0;
}

export function toU8(x: number): number {
  return x >= 255 ? 255 : x > 0 ? x | 0 : 0;
}
