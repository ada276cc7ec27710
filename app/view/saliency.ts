import type { PortInfo } from '../../runtime/types.ts';
import type { View } from './dom.ts';
import { add, label, renderer, Rows, say } from './dom.ts';
import type { Shown } from './index.ts';
import { figure, rangeOf, times } from './numbers.ts';
import { Raster } from './raster.ts';
import { adopt } from './style.ts';

/** A picture that a model looks at, alone or with what matters in it for an output. */
interface Figure {
  readonly port: PortInfo;
  readonly values: ArrayLike<number>;
  readonly saliency?: { readonly output: string; readonly values: ArrayLike<number> };
}

const width = 196;

/** Each picture that goes in, and over it what matters for each output. Inputs that are no pictures are left out. */
export const renderSaliency = renderer<Shown>((container): View<Shown> => {
  adopt();
  const list = add(container, 'div', 'cnnc-view cnnc-saliency');
  const groups = new Rows<readonly Figure[], HTMLElement>(list, makeGroup);
  return { update: (shown) => groups.update(groupsOf(shown)) };
});

function groupsOf({ signature, inputs, observation }: Shown): readonly (readonly Figure[])[] {
  return signature.inputs.filter(isPicture).map((port): readonly Figure[] => {
    const values = inputs[port.name] ?? [];
    const over = observation.saliency.filter(({ input }) => input === port.name);
    return [{ port, values }, ...over.map((saliency) => ({ port, values, saliency }))];
  });
}

/** One picture, alone and under what matters. */
function makeGroup(parent: HTMLElement) {
  const element = add(parent, 'div', 'cnnc-figures');
  const rows = new Rows<Figure, HTMLElement>(element, makeFigure);
  return { element, update: (figures: readonly Figure[]): void => rows.update(figures) };
}

function isPicture({ shape }: PortInfo): boolean {
  const [, , channels] = shape;
  return shape.length === 3 && (channels === 1 || channels === 3);
}

function makeFigure(parent: HTMLElement) {
  const element = add(parent, 'figure');
  const raster = new Raster(element);
  raster.element.role = 'img';
  const caption = add(element, 'figcaption');
  const reading = add(element, 'p', 'cnnc-reading');
  let shown: Figure | undefined;
  raster.element.addEventListener('pointermove', (event) => {
    const { row, column } = raster.at(event);
    if (shown) say(reading, `row ${row}, column ${column}: ${readingAt(shown, row, column)}`);
  });
  raster.element.addEventListener('pointerleave', () => say(reading, shown ? summary(shown) : ''));
  return {
    element,
    update(figure: Figure): void {
      shown = figure;
      const { port, saliency } = figure;
      const [rows = 1, columns = 1] = port.shape;
      const scale = columns > width ? width : Math.floor(width / columns) * columns;
      raster.draw(columns, rows, scale, (pixels) => fill(pixels, figure));
      say(caption, saliency ? `what matters for ${saliency.output}` : port.name);
      say(reading, summary(figure));
      label(raster.element, `${caption.textContent}: ${summary(figure)}`);
    },
  };
}

const strengthAt = (values: ArrayLike<number>, pixel: number, channels: number): number => {
  let strength = 0;
  for (let c = 0; c < channels; c++)
    strength = Math.max(strength, Math.abs(values[pixel * channels + c] ?? 0));
  return strength;
};

/** The colour of what matters most, which stands out from a darkened picture. */
const glow = [255, 176, 72] as const;

/** The picture; under saliency dark and grey. */
function fill(pixels: Uint8ClampedArray, { port, values, saliency }: Figure): void {
  const [rows = 1, columns = 1, channels = 1] = port.shape;
  const { min, max } = port.dtype === 'u8' ? { min: 0, max: 255 } : unitOr(rangeOf(values));
  const strengths =
    saliency && Array.from({ length: rows * columns }, (_, i) => strengthAt(saliency.values, i, channels));
  const top = strengths ? quantile(strengths, 0.995) : 0;
  for (let i = 0; i < rows * columns; i++) {
    const byte = (c: number): number =>
      (255 * ((values[i * channels + (channels === 3 ? c : 0)] ?? 0) - min)) / (max - min || 1);
    const dark = 0.45 * (0.299 * byte(0) + 0.587 * byte(1) + 0.114 * byte(2));
    const part = top > 0 ? Math.min(1, (strengths?.[i] ?? 0) / top) : 0;
    glow.forEach((colour, c) => {
      pixels[4 * i + c] = strengths ? dark + (colour - dark) * part : byte(c);
    });
    pixels[4 * i + 3] = 255;
  }
}

/** Pictures of f32 have numbers from 0 to 1, or what they have. */
const unitOr = ({ min, max }: { min: number; max: number }): { min: number; max: number } =>
  min >= 0 && max <= 1 ? { min: 0, max: 1 } : { min, max };

/** So that a few large numbers do not hide all others. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
  return at > 0 ? at : (sorted.at(-1) ?? 0);
}

function readingAt({ port, values, saliency }: Figure, row: number, column: number): string {
  const [, columns = 1, channels = 1] = port.shape;
  const from = (row * columns + column) * channels;
  return Array.from({ length: channels }, (_, c) => figure((saliency?.values ?? values)[from + c] ?? 0)).join(
    ', ',
  );
}

function summary({ port, saliency }: Figure): string {
  const [rows = 1, columns = 1, channels = 1] = port.shape;
  if (!saliency) return `${times(port.shape)} pixels`;
  let best = 0;
  const at = (pixel: number): number => strengthAt(saliency.values, pixel, channels);
  for (let i = 1; i < rows * columns; i++) if (at(i) > at(best)) best = i;
  return `most of all row ${Math.floor(best / columns)}, column ${best % columns}: ${figure(at(best))}`;
}
