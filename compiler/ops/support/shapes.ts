/** Shapes that meet: broadcasting, axes, and what to say where they do not fit. */
import type { DType, Extent, TensorType } from '../../base/types.ts';
import { formatType, sameShape } from '../../base/types.ts';
import type { Mismatch } from '../../graph/op.ts';
import { isMismatch, mismatch } from '../../graph/op.ts';

export const formatShape = (shape: readonly Extent[]): string => `[${shape.join(', ')}]`;

/** A shape, or why there is none. */
type ShapeOr = readonly Extent[] | Mismatch;
const isShape = (result: ShapeOr): result is readonly Extent[] => Array.isArray(result);

/** The type with this shape, or the mismatch as it is. */
export const typed = (dtype: DType, shape: ShapeOr): TensorType | Mismatch =>
  isShape(shape) ? { dtype, shape } : shape;

/** numpy broadcasting: axes are aligned from the last; an extent of 1, or none, goes with anything. */
export function broadcastShapes(a: readonly Extent[], b: readonly Extent[]): ShapeOr {
  const rank = Math.max(a.length, b.length);
  const shape: Extent[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return broadcastMismatch(a, b, x, y, rank - i);
    shape.push(x === 1 ? y : x);
  }
  if (shape.indexOf('N', 1) > 0) return broadcastMismatch(a, b, 'N', 1, shape.length);
  return shape;
}

/** `[N?, ...shape]`, where `from` broadcasts to it. */
export function broadcastTarget(from: readonly Extent[], shape: readonly number[], batch: boolean): ShapeOr {
  const full: readonly Extent[] = batch ? ['N', ...shape] : shape;
  const both = broadcastShapes(from, full);
  if (!isShape(both) || sameShape(both, full)) return both;
  return mismatch('E0401', `${formatShape(from)} does not broadcast to ${formatShape(full)}`);
}

function broadcastMismatch(
  a: readonly Extent[],
  b: readonly Extent[],
  x: Extent,
  y: Extent,
  fromLast: number,
): Mismatch {
  const hint =
    x === 'N' || y === 'N'
      ? 'shapes are aligned from their last axis, so the batch N of one met another axis; reshape(…) can add axes of 1'
      : `shapes are aligned from their last axis; ${x} and ${y} would have to be equal, or one of them 1`;
  const place = fromLast === 1 ? 'the last axis' : `axis -${fromLast}`;
  return mismatch(
    'E0401',
    `cannot pair ${formatShape(a)} with ${formatShape(b)}: ${place} is ${x} on one side and ${y} on the other`,
    hint,
  );
}

/** Both operands must have one element type: nothing is converted silently inside a graph. */
export function sameDtypes(a: TensorType, b: TensorType): Mismatch | undefined {
  if (a.dtype === b.dtype) return undefined;
  return mismatch(
    'E0410',
    `cannot pair ${formatType(a)} with ${formatType(b)}: the element types differ`,
    `cast(…, to: ${a.dtype}) or cast(…, to: ${b.dtype}) makes them equal`,
  );
}

/** The result of a broadcasting op on operands of one element type. */
export function broadcastTypes(a: TensorType, b: TensorType): TensorType | Mismatch {
  const differ = sameDtypes(a, b);
  if (differ !== undefined) return differ;
  return typed(a.dtype, broadcastShapes(a.shape, b.shape));
}

/** A possibly negative axis as 0 … rank-1. */
export function resolveAxis(axis: number, shape: readonly Extent[]): number | Mismatch {
  const resolved = axis < 0 ? axis + shape.length : axis;
  if (Number.isInteger(axis) && resolved >= 0 && resolved < shape.length) return resolved;
  return mismatch(
    'E0405',
    `axis ${axis} does not exist in ${formatShape(shape)}`,
    shape.length === 0
      ? 'a single number has no axes'
      : `axes run from 0 to ${shape.length - 1}, or from -1 (the last) back to -${shape.length}`,
  );
}

/** As `resolveAxis`, for ops that cannot touch the batch. */
export function resolveInnerAxis(axis: number, shape: readonly Extent[]): number | Mismatch {
  const resolved = resolveAxis(axis, shape);
  if (typeof resolved === 'number' && shape[resolved] === 'N') {
    return mismatch(
      'E0411',
      `cannot work along the batch: axis ${axis} of ${formatShape(shape)} is N`,
      'samples of a batch stay apart; choose an axis inside the sample',
    );
  }
  return resolved;
}

/** What an op says of a value that has too few or too many axes. */
export function rankMismatch(what: string, wanted: string, type: TensorType): Mismatch {
  const hint =
    wanted.includes('height') && type.shape.length === 2
      ? 'after Flatten or Dense there are no rows and columns left; put this layer before them'
      : undefined;
  return mismatch('E0404', `${what} must be ${wanted}, got ${formatType(type)}`, hint);
}

export interface Image {
  readonly batch: Extent;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The parts of an NHWC type. */
export function imageOf(what: string, type: TensorType): Image | Mismatch {
  const [batch, height, width, channels, more] = type.shape;
  if (
    batch === undefined ||
    typeof height !== 'number' ||
    typeof width !== 'number' ||
    typeof channels !== 'number' ||
    more !== undefined
  ) {
    return rankMismatch(what, '[N, height, width, channels]', type);
  }
  return { batch, height, width, channels };
}

export const failed = <T extends object | number | string | undefined>(
  value: T | Mismatch,
): value is Mismatch => typeof value === 'object' && value !== null && isMismatch(value as Mismatch);

/** The extents without an outermost N; what `reshape` and `broadcast_to` take as `shape`. */
export const withoutBatch = (shape: readonly Extent[]): readonly number[] =>
  shape.filter((extent) => extent !== 'N');

export const hasBatch = (shape: readonly Extent[]): boolean => shape[0] === 'N';

export const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);
