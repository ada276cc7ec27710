/** The channels of a layer as small pictures, and one of them large. */
import type { ObservedLayer } from '../../runtime/observe-types.ts';
import type { Theme } from './colour.ts';
import { paint } from './colour.ts';
import { add, label, say } from './dom.ts';
import type { Range } from './numbers.ts';
import { count, figure, rangeOf } from './numbers.ts';
import { Raster } from './raster.ts';
import type { Point } from './tiles.ts';
import { Tiles } from './tiles.ts';

export interface Drawn extends ObservedLayer {
  readonly range: Range;
  readonly theme: Theme;
}

const lensWidth = 168;

/** `chosen`: told which channel is shown large. */
export class Maps {
  readonly #lens: Raster;
  readonly #control: HTMLElement;
  readonly #main: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #reading: HTMLElement;
  readonly #tiles: Tiles;
  readonly #chosen: (channel: number | undefined) => void;
  #drawn: Drawn | undefined;
  /** What a person has chosen; else it is the strongest. */
  #channel: number | undefined;
  #hovered: Point | undefined;

  constructor(parent: HTMLElement, chosen: (channel: number | undefined) => void) {
    this.#chosen = chosen;
    const maps = add(parent, 'div', 'cnnc-maps');
    const side = add(maps, 'div', 'cnnc-lens');
    this.#lens = new Raster(side);
    this.#lens.element.role = 'img';
    this.#lens.element.addEventListener('pointermove', (event) => {
      this.#hover({ tile: this.#shown(), ...this.#lens.at(event) });
    });
    this.#lens.element.addEventListener('pointerleave', () => this.#hover(undefined));
    this.#control = add(side, 'label', '', 'channel ');
    this.#input = add(this.#control, 'input');
    this.#input.type = 'number';
    this.#input.min = '0';
    this.#input.addEventListener('input', () => {
      const channel = this.#input.valueAsNumber;
      if (!Number.isInteger(channel) || channel < 0 || channel >= this.#channels()) return;
      this.#channel = channel;
      this.#redraw();
    });
    this.#reading = add(side, 'p', 'cnnc-reading');
    this.#main = add(maps, 'div', 'cnnc-main');
    this.#tiles = new Tiles(this.#main, {
      point: (point) => this.#hover(point),
      choose: (channel) => this.choose(channel),
    });
  }

  /** Shows a channel large from now on; again: the strongest. */
  choose(channel: number): void {
    this.#channel = channel === this.#channel ? undefined : channel;
    this.#redraw();
  }

  #channels(): number {
    return this.#drawn?.shape[2] ?? 0;
  }

  #shown(): number {
    return this.#hovered?.tile ?? this.#channel ?? (this.#drawn ? strongest(this.#drawn) : 0);
  }

  #hover(point: Point | undefined): void {
    this.#hovered = point;
    this.#lensOnly();
  }

  update(drawn: Drawn): void {
    this.#drawn = drawn;
    this.#redraw();
  }

  #redraw(): void {
    if (!this.#drawn) return;
    const { shape, values, range, theme, name } = this.#drawn;
    const [rows = 1, columns = 1, channels = 1] = shape;
    const best = strongest(this.#drawn);
    this.#tiles.update({
      count: channels,
      rows,
      columns,
      noun: 'map',
      marked: this.#channel ?? best,
      description:
        `${name}: ${count(channels, 'map')} of ${rows} × ${columns}, from ${figure(range.min)} to ` +
        `${figure(range.max)}; the strongest is channel ${best}`,
      fill: (pixels, channel) => {
        for (let i = 0; i < rows * columns; i++)
          paint(pixels, i, values[i * channels + channel] ?? 0, range.bound, theme);
      },
    });
    this.#input.max = String(channels - 1);
    this.#main.hidden = this.#control.hidden = channels === 1;
    this.#lensOnly();
  }

  #lensOnly(): void {
    if (!this.#drawn) return;
    const { shape, values, range, theme, name } = this.#drawn;
    const [rows = 1, columns = 1, channels = 1] = shape;
    const channel = this.#shown();
    const width = columns > lensWidth ? lensWidth : Math.floor(lensWidth / columns) * columns;
    this.#lens.draw(columns, rows, width, (pixels) => {
      for (let i = 0; i < rows * columns; i++)
        paint(pixels, i, values[i * channels + channel] ?? 0, range.bound, theme);
    });
    const { min, max, mean } = rangeOf(values, channel, channels);
    const whole = `from ${figure(min)} to ${figure(max)}, mean ${figure(mean)}`;
    label(this.#lens.element, `${name}, channel ${channel}: ${whole}`);
    if (document.activeElement !== this.#input) this.#input.value = String(channel);
    const { row = 0, column = 0 } = this.#hovered ?? {};
    const value = values[(row * columns + column) * channels + channel] ?? 0;
    say(this.#reading, this.#hovered ? `row ${row}, column ${column}: ${figure(value)}` : whole);
    this.#chosen(channel);
  }
}

/** The channel with the largest sum of distances from 0. */
function strongest({ shape, values }: ObservedLayer): number {
  const channels = shape[2] ?? 1;
  const sums = new Float64Array(channels);
  for (let i = 0; i < values.length; i++)
    sums[i % channels] = (sums[i % channels] ?? 0) + Math.abs(values[i] ?? 0);
  return sums.indexOf(Math.max(...sums));
}
