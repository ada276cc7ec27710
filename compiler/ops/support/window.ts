/** Where sliding windows lie: the one place that knows what `padding` means. */
import { invariant } from '../../base/invariant.ts';
import type { Mismatch, Padding } from '../../graph/op.ts';
import { mismatch } from '../../graph/op.ts';
import type { AffineLike } from '../../loop/affine.ts';
import type { DefinitionBuilder, ExprLike } from '../../loop/builder.ts';
import type { Affine, Axis, Condition } from '../../loop/ir.ts';

/** Windows along one axis: window `o` covers places o·stride - before + 0 … kernel-1, of which those in 0 … input-1 exist. */
export interface Window {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly output: number;
  /** Whether any window reaches over an edge. */
  readonly padded: boolean;
}

export type Windows = readonly [height: Window, width: Window];

/**
 * `valid`: only windows inside. `same`: ceil(input / stride) windows; the zeros are split so that the odd one comes after
 * (Keras, TensorFlow). A number: that many zeros on both sides (PyTorch).
 */
export function windowAlong(
  input: number,
  kernel: number,
  stride: number,
  padding: 'valid' | 'same' | number,
): Window {
  let before = 0;
  let output: number;
  if (padding === 'same') {
    output = Math.ceil(input / stride);
    before = Math.floor(Math.max((output - 1) * stride + kernel - input, 0) / 2);
  } else {
    before = padding === 'valid' ? 0 : padding;
    output = Math.floor((input + 2 * before - kernel) / stride) + 1;
  }
  const padded = before > 0 || (output - 1) * stride - before + kernel > input;
  return { input, kernel, stride, before, output, padded };
}

/** Windows over an image. Kernel, strides and explicit padding are height first. */
export function windowsOver(
  size: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  padding: Padding,
): Windows {
  const along = (axis: 0 | 1): Window => {
    const amount = typeof padding === 'string' ? padding : padding[axis];
    const [input, extent, stride] = [size[axis], kernel[axis], strides[axis]];
    invariant(
      input !== undefined && extent !== undefined && stride !== undefined && amount !== undefined,
      'size, kernel, strides and padding have a height and a width',
    );
    return windowAlong(input, extent, stride, amount);
  };
  return [along(0), along(1)];
}

/** What is wrong when not even one window fits. */
export function windowMismatch(what: string, [h, w]: Windows, padding: Padding): Mismatch | undefined {
  if (h.output >= 1 && w.output >= 1) return undefined;
  const around =
    padding === 'valid' || padding === 'same' ? '' : ` plus ${h.before}x${w.before} zeros on each side`;
  return mismatch(
    'E0402',
    `the ${what} is ${h.kernel}x${w.kernel}, larger than its input of ${h.input}x${w.input}${around}`,
    `padding: same would do, or a smaller ${what}`,
  );
}

/** The place that tap `tap` of window `out` covers. */
export const covered = (b: DefinitionBuilder, window: Window, out: AffineLike, tap: AffineLike): Affine =>
  b.minus(b.plus(b.times(out, window.stride), tap), window.before);

/** The conditions under which covered places exist; none where no window reaches over an edge. */
export const inside = (
  b: DefinitionBuilder,
  windows: Windows,
  places: readonly [Affine, Affine],
): Condition[] =>
  windows.flatMap((window, i) => {
    const place = places[i];
    return window.padded && place !== undefined ? [b.within(place, window.input)] : [];
  });

/** One axis of a gather over all windows that cover a place: the windows, and the tap at which each meets it. */
interface Covering {
  readonly axis: Axis;
  readonly out: Affine;
  readonly tap: Affine;
  readonly where: Condition;
}

/**
 * The windows that cover `place`. With stride 1 the axis runs over taps, else over windows: either way the other one is
 * affine in it, which it would not be if a division were needed.
 */
export function covering(b: DefinitionBuilder, name: 'h' | 'w', window: Window, place: AffineLike): Covering {
  const shifted = b.plus(place, window.before);
  if (window.stride === 1) {
    const axis = b.axis(`k${name}`, window.kernel);
    const out = b.minus(shifted, axis);
    return { axis, out, tap: b.plus(axis, 0), where: b.within(out, window.output) };
  }
  const axis = b.axis(`o${name}`, window.output);
  const tap = b.minus(shifted, b.times(axis, window.stride));
  return { axis, out: b.plus(axis, 0), tap, where: b.within(tap, window.kernel) };
}

/** How many places of window `out` along one axis exist, as an i32 value (a number where all windows are whole). */
function populated(b: DefinitionBuilder, window: Window, out: AffineLike): ExprLike {
  if (!window.padded) return window.kernel;
  const start = b.minus(b.times(out, window.stride), window.before);
  const end = b.min(b.value(b.plus(start, window.kernel)), window.input);
  return b.sub(end, b.max(b.value(start), 0));
}

/** How many elements of a two-dimensional window exist, as f32. */
export function populatedArea(
  b: DefinitionBuilder,
  [h, w]: Windows,
  oh: AffineLike,
  ow: AffineLike,
): ExprLike {
  const [rows, columns] = [populated(b, h, oh), populated(b, w, ow)];
  if (typeof rows === 'number' && typeof columns === 'number') return rows * columns;
  return b.cast(b.mul(rows, columns), 'f32');
}

/** The four axes of an NHWC definition, without doubt for the type checker. */
export function fourAxes<A extends AffineLike>(axes: readonly A[]): readonly [A, A, A, A] {
  const [n, h, w, c] = axes;
  invariant(n !== undefined && h !== undefined && w !== undefined && c !== undefined, 'four axes');
  return [n, h, w, c];
}

/** Two extents, as attributes of type `size` hold them. */
export function pair(values: readonly number[]): readonly [number, number] {
  const [h, w] = values;
  invariant(h !== undefined && w !== undefined, 'a size has a height and a width');
  return [h, w];
}

/** Height and width of a shape whose two axes from `first` on are known. */
export function sizeAt(shape: readonly (number | 'N')[], first: number): readonly [number, number] {
  const [h, w] = [shape[first], shape[first + 1]];
  invariant(typeof h === 'number' && typeof w === 'number', 'height and width are known');
  return [h, w];
}
