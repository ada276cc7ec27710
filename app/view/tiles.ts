/** Many small pictures of one size, in rows as wide as the page allows. */
import { add, label, Rows, say } from './dom.ts';
import { count } from './numbers.ts';
import { Raster } from './raster.ts';

interface Tiled {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** What one is called: `map`, `filter`. */
  readonly noun: string;
  /** In words, for those who do not see them. */
  readonly description: string;
  /** The one with a frame around it. */
  readonly marked?: number | undefined;
  fill(pixels: Uint8ClampedArray, tile: number): void;
}

export interface Point {
  readonly tile: number;
  readonly row: number;
  readonly column: number;
}

interface TileEvents {
  /** Undefined: the pointer has left. */
  point(point: Point | undefined): void;
  choose(tile: number): void;
}

/** So many are shown until one asks for all. */
const most = 64;

/** A width of about 52 px that is a multiple of the pixels, where these are few. */
function tileWidth(columns: number): number {
  if (columns === 1) return 24;
  return columns > 40 ? Math.min(columns, 84) : Math.round(52 / columns) * columns;
}

export class Tiles {
  readonly #grid: HTMLElement;
  readonly #more: HTMLButtonElement;
  readonly #rasters: Raster[] = [];
  readonly #rows: Rows<number, HTMLElement>;
  #tiled: Tiled | undefined;
  #all = false;

  constructor(parent: HTMLElement, events: TileEvents) {
    this.#grid = add(parent, 'div', 'cnnc-tiles');
    this.#grid.role = 'img';
    this.#rows = new Rows(this.#grid, (grid) => this.#tile(grid, events));
    this.#more = add(parent, 'button', 'cnnc-more');
    this.#more.type = 'button';
    this.#more.addEventListener('click', () => {
      this.#all = !this.#all;
      if (this.#tiled) this.update(this.#tiled);
    });
  }

  #tile(grid: HTMLElement, events: TileEvents) {
    const raster = new Raster(grid);
    const { element } = raster;
    const tile = this.#rasters.push(raster) - 1;
    element.addEventListener('pointermove', (event) => events.point({ tile, ...raster.at(event) }));
    element.addEventListener('pointerleave', () => events.point(undefined));
    element.addEventListener('click', () => events.choose(tile));
    return {
      element,
      update: (shown: number): void => {
        const { rows, columns, marked, fill } = this.#tiled ?? nothing;
        raster.draw(columns, rows, tileWidth(columns), (pixels) => fill(pixels, shown));
        element.classList.toggle('cnnc-marked', marked === shown);
      },
    };
  }

  update(tiled: Tiled): void {
    this.#tiled = tiled;
    const shown = this.#all ? tiled.count : Math.min(most, tiled.count);
    if (this.#rasters.length > shown) this.#rasters.length = shown;
    this.#rows.update(Array.from({ length: shown }, (_, i) => i));
    label(this.#grid, tiled.description);
    this.#more.hidden = tiled.count <= most;
    say(this.#more, this.#all ? `the first ${most} only` : `all ${count(tiled.count, tiled.noun)}`);
  }
}

const nothing: Tiled = { count: 0, rows: 1, columns: 1, noun: '', description: '', fill: () => {} };
