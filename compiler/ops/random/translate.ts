import type { Extent } from '../../base/types.ts';
import { sameShape } from '../../base/types.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import type { DefinitionBuilder } from '../../loop/builder.ts';
import type { Axis, Expr } from '../../loop/ir.ts';
import { failed, formatShape, imageOf } from '../support/shapes.ts';
import { fourAxes } from '../support/window.ts';

const fillModes = ['reflect', 'nearest', 'constant'] as const;
type FillMode = (typeof fillModes)[number];

export const translate = defineOp({
  name: 'translate',
  doc:
    'Images shifted down and right by offset pixels, each by its own, with bilinear interpolation; bytes are rounded. ' +
    'Outside: reflect (d c b a | a b c d | d c b a), nearest (the edge) or constant (0) (Keras: RandomTranslation).',
  operands: {
    x: tensor('images [N, height, width, channels]', ['u8', 'f32']),
    offset: tensor('[N, 2]: down, right, in pixels'),
  },
  attributes: {
    fill_mode: { type: 'string', doc: 'what lies outside', words: fillModes, default: 'reflect' },
  },
  traits: ['gather'],
  infer: ({ x, offset }) => {
    const image = imageOf('the input', x);
    if (failed(image)) return image;
    if (sameShape(offset.shape, [image.batch, 2])) return x;
    return mismatch(
      'E0404',
      `the offsets of ${formatShape(x.shape)} must be [${image.batch}, 2], got ${formatShape(offset.shape)}`,
      'one shift down and one to the right per image',
    );
  },
  gradient: 'none',
  lower: (b, { x, offset }, attributes, type) => {
    const mode = fillModes.find((word) => word === attributes.fill_mode) ?? 'reflect';
    return b.map(
      type.shape,
      (axes) => {
        const [n, h, w, c] = fourAxes(axes);
        const rows = taps(b, 'y', h, offset.at([n, 0]), mode);
        const columns = taps(b, 'x', w, offset.at([n, 1]), mode);
        const corner = (row: Tap, column: Tap): Expr => {
          const value = b.cast(x.at([n, { clamped: row.place }, { clamped: column.place }, c]), 'f32');
          if (row.exists === undefined || column.exists === undefined) return value;
          return b.select(row.exists, b.select(column.exists, value, 0), 0);
        };
        const blend = (from: Expr, to: Expr, part: Expr): Expr =>
          b.add(b.mul(from, b.sub(1, part)), b.mul(to, part));
        const along = (row: Tap): Expr =>
          blend(corner(row, columns.first), corner(row, columns.second), columns.part);
        const value = blend(along(rows.first), along(rows.second), rows.part);
        return type.dtype === 'f32' ? value : b.cast(b.floor(b.add(value, 0.5)), type.dtype);
      },
      type.dtype,
    );
  },
  samples: [
    { operands: { x: { shape: ['N', 4, 5, 2] }, offset: { shape: ['N', 2], range: [-3, 3] } } },
    {
      operands: { x: { shape: ['N', 4, 3, 1], dtype: 'u8' }, offset: { shape: ['N', 2], range: [-9, 9] } },
      attributes: { fill_mode: 'nearest' },
    },
    {
      operands: { x: { shape: [2, 3, 4, 1] }, offset: { shape: [2, 2], range: [-2, 2] } },
      attributes: { fill_mode: 'constant' },
    },
    { operands: { x: { shape: ['N', 3, 3, 1], dtype: 'u8' }, offset: { shape: ['N', 2], range: [-9, 9] } } },
  ],
});

/** One of the two places that a shifted pixel lies between. `exists` only where outside places count as 0. */
interface Tap {
  readonly place: Expr;
  readonly exists?: Expr;
}

/** The places along one axis that the pixel at `axis` comes from, and how far it lies towards the second. */
function taps(
  b: DefinitionBuilder,
  name: string,
  axis: Axis,
  offset: Expr,
  mode: FillMode,
): { readonly first: Tap; readonly second: Tap; readonly part: Expr } {
  const source = b.let(name, b.sub(b.cast(b.value(axis), 'f32'), offset));
  const below = b.let(`${name}_floor`, b.floor(source));
  const part = b.let(`${name}_part`, b.sub(source, below));
  const first = b.let(`${name}_first`, b.cast(below, 'i32'));
  const tap = (suffix: string, place: Expr): Tap => {
    const { index, exists } = filled(b, place, axis.extent, mode);
    const named = b.let(`${name}_${suffix}`, index);
    return exists === undefined
      ? { place: named }
      : { place: named, exists: b.let(`${name}_${suffix}_exists`, exists) };
  };
  return { first: tap('a', first), second: tap('b', b.add(first, 1)), part };
}

/** Where to read for a place that may lie outside 0 … extent-1; the load clamps what this leaves outside. */
function filled(
  b: DefinitionBuilder,
  place: Expr,
  extent: Extent,
  mode: FillMode,
): { readonly index: Expr; readonly exists?: Expr } {
  const size = Number(extent);
  switch (mode) {
    case 'nearest':
      return { index: place };
    case 'constant':
      return { index: place, exists: b.select(b.compare('>=', place, 0), b.compare('<', place, size), 0) };
    case 'reflect': {
      const period = 2 * size;
      const turned = b.binary('rem', b.add(b.binary('rem', place, period), period), period);
      return { index: b.min(turned, b.sub(period - 1, turned)) };
    }
    default:
      return mode satisfies never;
  }
}
