/** A picture of numbers: one pixel each, drawn large. */
import { add } from './dom.ts';

export class Raster {
  readonly element: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D | null;
  #image: ImageData | undefined;

  constructor(parent: HTMLElement, className = '') {
    this.element = add(parent, 'canvas', `cnnc-raster ${className}`.trimEnd());
    this.#context = this.element.getContext('2d');
  }

  /** `fill` writes the RGBA bytes of all pixels. `width` on the page in px; the height follows. */
  draw(columns: number, rows: number, shownWidth: number, fill: (pixels: Uint8ClampedArray) => void): void {
    const { element } = this;
    if (this.#image?.width !== columns || this.#image.height !== rows) {
      element.width = columns;
      element.height = rows;
      this.#image = new ImageData(columns, rows);
    }
    // Where several numbers share a pixel of the screen they are averaged.
    element.style.imageRendering = shownWidth < columns ? 'auto' : 'pixelated';
    element.style.width = `${shownWidth}px`;
    element.style.aspectRatio = `${columns} / ${rows}`;
    fill(this.#image.data);
    this.#context?.putImageData(this.#image, 0, 0);
  }

  /** The pixel under the pointer. */
  at(event: PointerEvent): { readonly row: number; readonly column: number } {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const place = (offset: number, size: number, extent: number): number =>
      Math.max(0, Math.min(extent - 1, Math.floor((offset / size) * extent)));
    return {
      row: place(event.clientY - top, height, this.element.height),
      column: place(event.clientX - left, width, this.element.width),
    };
  }
}
