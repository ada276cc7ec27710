import { elements, sizeOf } from './arrays.ts';
import { ModelError } from './errors.ts';
import type { Elements, Pixels, PortInfo, Signature } from './types.ts';

/**
 * A picture as a model input [height, width, 1 or 3]: bytes for u8, byte / 255 for f32.
 *
 * 1. Transparent parts become black: each colour is multiplied by alpha / 255.
 * 2. Grey is 0.299 R + 0.587 G + 0.114 B; a grey picture fills all three colours of a colour input.
 * 3. Width and height are scaled separately (no cropping). An axis that shrinks from `a` to `b` takes at place i the mean
 *    over [i·a/b, (i + 1)·a/b), pixels cut by the border counting by their share. One that grows interpolates linearly at
 *    (i + ½)·a/b − ½, clamped to the edge.
 * 4. Bytes are rounded, halves up.
 */
export function imageToInput(image: Pixels, port: PortInfo): Elements {
  const [height = 0, width = 0, channels = 0] = port.shape;
  const given = image.data.length / (image.width * image.height);
  if (!(image.width > 0 && image.height > 0 && [1, 2, 3, 4].includes(given))) {
    const message = `a picture of ${image.width}×${image.height} with ${image.data.length} bytes is not 1 to 4 bytes per pixel`;
    throw new ModelError('input', message);
  }
  const planes = colours(image, given, channels);
  const rows = resampling(image.height, height);
  const columns = resampling(image.width, width);
  const result = elements(port.dtype, sizeOf(port.shape));
  planes.forEach((plane, channel) => {
    const narrow = resize(plane, image.height, image.width, columns);
    const scaled = resize(transpose(narrow, image.height, width), width, image.height, rows);
    for (let x = 0; x < width; x++) {
      for (let y = 0; y < height; y++) {
        const value = scaled[x * height + y] as number;
        result[(y * width + x) * channels + channel] =
          port.dtype === 'f32' ? value / 255 : Math.floor(value + 0.5);
      }
    }
  });
  return result;
}

export const isImage = ({ dtype, shape }: PortInfo): boolean =>
  (dtype === 'u8' || dtype === 'f32') && shape.length === 3 && (shape[2] === 1 || shape[2] === 3);

/** The same for an input by its name. */
export function pictureFor(signature: Signature, input: string, image: Pixels): Elements {
  const port = signature.inputs.find(({ name }) => name === input);
  if (!port || !isImage(port)) throw new ModelError('input', `\`${input}\` is no input that takes a picture`);
  return imageToInput(image, port);
}

/** One plane of 0 … 255 per colour. */
function colours({ data }: Pixels, given: number, channels: number): Float64Array[] {
  const pixels = data.length / given;
  const planes = Array.from({ length: channels }, () => new Float64Array(pixels));
  for (let i = 0; i < pixels; i++) {
    const at = (channel: number): number => data[i * given + channel] as number;
    const alpha = given % 2 === 0 ? at(given - 1) / 255 : 1;
    const colour = given < 3 ? [at(0), at(0), at(0)] : [at(0), at(1), at(2)];
    const [red = 0, green = 0, blue = 0] = colour;
    const grey = given < 3 ? red : 0.299 * red + 0.587 * green + 0.114 * blue;
    planes.forEach((plane, channel) => {
      plane[i] = (channels === 1 ? grey : (colour[channel] as number)) * alpha;
    });
  }
  return planes;
}

/** For each place of the result: the first pixel that counts, and the weights from there on (sum 1). */
function resampling(from: number, to: number): { first: number; weights: number[] }[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (scale <= 1) {
      const place = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1);
      const first = Math.floor(place);
      return first + 1 < from
        ? { first, weights: [1 - (place - first), place - first] }
        : { first, weights: [1] };
    }
    const start = i * scale;
    const end = Math.min(start + scale, from);
    const first = Math.floor(start);
    const shares = Array.from(
      { length: Math.ceil(end) - first },
      (_, k) => Math.min(end, first + k + 1) - Math.max(start, first + k),
    );
    return { first, weights: shares.map((share) => share / (end - start)) };
  });
}

/** Rows of `width` numbers, each resampled. */
function resize(
  plane: Float64Array,
  rows: number,
  width: number,
  places: readonly { first: number; weights: readonly number[] }[],
): Float64Array {
  const result = new Float64Array(rows * places.length);
  for (let row = 0; row < rows; row++) {
    places.forEach(({ first, weights }, i) => {
      let sum = 0;
      weights.forEach((weight, k) => (sum += weight * (plane[row * width + first + k] as number)));
      result[row * places.length + i] = sum;
    });
  }
  return result;
}

function transpose(plane: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(plane.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = plane[row * columns + column] as number;
    }
  }
  return result;
}
