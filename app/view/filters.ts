/** Kernels of a convolution that looks at few channels: in colour where there are three, else one picture per channel. */
import type { Theme } from './colour.ts';
import { paint } from './colour.ts';
import { add, say } from './dom.ts';
import type { Weight } from './index.ts';
import { count, figure, rangeOf } from './numbers.ts';
import type { Point } from './tiles.ts';
import { Tiles } from './tiles.ts';

/** More channels than these do not fit into one small picture. */
const mostChannels = 4;

/** A convolution's kernel that can be drawn. */
export function isDrawable({ shape }: Weight): boolean {
  const [height = 1, width = 1, channels = 1] = shape;
  return shape.length === 4 && height * width > 1 && height * width <= 1024 && channels <= mostChannels;
}

export class Filters {
  readonly #caption: HTMLElement;
  readonly #tiles: Tiles;
  #shown: { readonly kernel: Weight; readonly theme: Theme } | undefined;
  #marked: number | undefined;

  constructor(parent: HTMLElement, choose: (filter: number) => void) {
    const filters = add(parent, 'div', 'cnnc-filters');
    this.#caption = add(filters, 'p', 'cnnc-about');
    this.#tiles = new Tiles(filters, {
      point: (point) => this.#say(point),
      choose: (tile) => choose(Math.floor(tile / this.#perFilter())),
    });
  }

  #perFilter(): number {
    const channels = this.#shown?.kernel.shape[2] ?? 1;
    return channels === 3 ? 1 : channels;
  }

  mark(filter: number | undefined): void {
    if (filter === this.#marked) return;
    this.#marked = filter;
    if (this.#shown) this.update(this.#shown.kernel, this.#shown.theme);
  }

  update(kernel: Weight, theme: Theme): void {
    this.#shown = { kernel, theme };
    const [rows = 1, columns = 1, channels = 1, filters = 1] = kernel.shape;
    const { data } = kernel;
    const range = rangeOf(data);
    const per = this.#perFilter();
    const at = (i: number, channel: number, filter: number): number =>
      data[(i * channels + channel) * filters + filter] ?? 0;
    this.#tiles.update({
      count: filters * per,
      rows,
      columns,
      noun: 'filter',
      marked: per === 1 ? this.#marked : undefined,
      description: `${kernel.name}: ${this.#text()}, from ${figure(range.min)} to ${figure(range.max)}`,
      fill: (pixels, tile) => {
        const filter = Math.floor(tile / per);
        for (let i = 0; i < rows * columns; i++) {
          if (per > 1 || channels === 1) paint(pixels, i, at(i, tile % per, filter), range.bound, theme);
          else
            for (let c = 0; c < 4; c++)
              pixels[4 * i + c] = c === 3 ? 255 : byte(at(i, c, filter), range.bound);
        }
      },
    });
    this.#say(undefined);
  }

  #text(): string {
    const [rows = 1, columns = 1, channels = 1, filters = 1] = this.#shown?.kernel.shape ?? [];
    const what =
      channels === 3 ? ' in colour (grey is 0)' : channels === 1 ? '' : ` for each of ${channels} channels`;
    return `${count(filters, 'filter')} of ${rows} × ${columns}${what}`;
  }

  #say(point: Point | undefined): void {
    if (!this.#shown) return;
    const { shape, data } = this.#shown.kernel;
    const [, columns = 1, channels = 1, filters = 1] = shape;
    if (!point) {
      say(this.#caption, this.#text());
      return;
    }
    const per = this.#perFilter();
    const filter = Math.floor(point.tile / per);
    const first = (point.row * columns + point.column) * channels;
    const of = per === 1 ? Array.from({ length: channels }, (_, c) => c) : [point.tile % per];
    const values = of.map((c) => figure(data[(first + c) * filters + filter] ?? 0)).join(', ');
    say(this.#caption, `filter ${filter}, row ${point.row}, column ${point.column}: ${values}`);
  }
}

/** 0 is grey. */
const byte = (value: number, bound: number): number => 127.5 + (bound > 0 ? (127.5 * value) / bound : 0);
