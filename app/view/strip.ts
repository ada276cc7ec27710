/** Numbers without a place in a picture, row by row. */
import { paint } from './colour.ts';
import { add, label, say } from './dom.ts';
import type { Drawn } from './maps.ts';
import { count, figure } from './numbers.ts';
import { Raster } from './raster.ts';

/** So many numbers are also written out. */
const few = 16;

export class Strip {
  readonly #raster: Raster;
  readonly #reading: HTMLElement;
  #drawn: Drawn | undefined;
  #hovered: number | undefined;

  constructor(parent: HTMLElement) {
    const strip = add(parent, 'div', 'cnnc-strip');
    this.#raster = new Raster(strip);
    const { element } = this.#raster;
    element.role = 'img';
    element.addEventListener('pointermove', (event) => {
      const { row, column } = this.#raster.at(event);
      this.#hovered = row * element.width + column;
      this.#say();
    });
    element.addEventListener('pointerleave', () => {
      this.#hovered = undefined;
      this.#say();
    });
    this.#reading = add(strip, 'p', 'cnnc-reading');
  }

  update(drawn: Drawn): void {
    this.#drawn = drawn;
    const { values, range, theme, name } = drawn;
    const { length } = values;
    const columns = Math.max(1, Math.min(64, length));
    const cell = length <= few ? 24 : length <= 256 ? 10 : 8;
    this.#raster.draw(columns, Math.ceil(length / columns), columns * cell, (pixels) => {
      pixels.fill(0);
      for (let i = 0; i < length; i++) paint(pixels, i, values[i] ?? 0, range.bound, theme);
    });
    const text = `${name}: ${count(length, 'number')} from ${figure(range.min)} to ${figure(range.max)}`;
    label(this.#raster.element, length <= few ? `${name}: ${[...values].map(figure).join(', ')}` : text);
    this.#say();
  }

  #say(): void {
    if (!this.#drawn) return;
    const { values, range, shape } = this.#drawn;
    const at = this.#hovered;
    const { min, max, mean } = range;
    const whole =
      values.length <= few
        ? [...values].map(figure).join(', ')
        : `from ${figure(min)} to ${figure(max)}, mean ${figure(mean)}`;
    const value = at === undefined ? undefined : values[at];
    say(this.#reading, value === undefined ? whole : `${placeOf(at ?? 0, shape)}: ${figure(value)}`);
  }
}

/** `number 17`, or `3, 4, 5` for the indices in a tensor. */
function placeOf(index: number, shape: readonly number[]): string {
  if (shape.length < 2) return `number ${index}`;
  let rest = index;
  const places = shape.toReversed().map((extent) => {
    const place = rest % extent;
    rest = Math.floor(rest / extent);
    return place;
  });
  return `number ${places.toReversed().join(', ')}`;
}
