import type { TensorType } from '../../base/types.ts';
import type { AttributeSpecs, Mismatch, Padding } from '../../graph/op.ts';
import { mismatch } from '../../graph/op.ts';
import { padding, strides } from './convolution.ts';
import type { Image } from './shapes.ts';
import { failed, imageOf } from './shapes.ts';
import type { Windows } from './window.ts';
import { windowMismatch, windowsOver } from './window.ts';

export const poolAttributes = {
  pool_size: { type: 'size', doc: 'rows and columns of the window', minimum: 1 },
  strides: { type: 'size', doc: strides.doc, minimum: 1 },
  padding,
} as const satisfies AttributeSpecs;

export const poolGradientAttributes = {
  size: { type: 'size', doc: 'height and width of the input', minimum: 1 },
  ...poolAttributes,
} as const satisfies AttributeSpecs;

interface PoolAttributes {
  readonly pool_size: readonly number[];
  readonly strides: readonly number[];
  readonly padding: Padding;
}

export const poolWindows = (size: readonly number[], attributes: PoolAttributes): Windows =>
  windowsOver(size, attributes.pool_size, attributes.strides, attributes.padding);

/** The windows of a pooling op over `x`. Every window holds at least one element, or it would have no maximum. */
export function inferWindows(
  x: TensorType,
  attributes: PoolAttributes,
): { readonly image: Image; readonly windows: Windows } | Mismatch {
  const image = imageOf('the input', x);
  if (failed(image)) return image;
  const windows = poolWindows([image.height, image.width], attributes);
  const wrong = windowMismatch('window', windows, attributes.padding);
  if (failed(wrong)) return wrong;
  const [h, w] = windows;
  if (h.before >= h.kernel || w.before >= w.kernel) {
    return mismatch(
      'E0413',
      `padding ${h.before}x${w.before} leaves windows of ${h.kernel}x${w.kernel} with nothing in them`,
      'the padding must be smaller than the window',
    );
  }
  return { image, windows };
}

/** The shape of what pooling gives. */
export const pooledShape = ({ batch, channels }: Image, [h, w]: Windows): TensorType['shape'] => [
  batch,
  h.output,
  w.output,
  channels,
];
