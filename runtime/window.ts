/** The elements of a window into a larger tensor. */
export function windowOf(
  data: Float32Array,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Float32Array {
  let places = [offset];
  shape.forEach((extent, axis) => {
    const stride = strides[axis] as number;
    places = places.flatMap((place) => Array.from({ length: extent }, (_, i) => place + i * stride));
  });
  return Float32Array.from(places, (place) => data[place] as number);
}
