/** A canvas to draw on with the mouse, a pen or a finger. */

export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #hint: HTMLElement;
  readonly #changed: () => void;
  #light = false;
  /** Any colour of CSS; undefined: white on black, or black on white. */
  colour: string | undefined;

  /** `hint` is shown while there is nothing on it; `changed` is called with each stroke. */
  constructor(canvas: HTMLCanvasElement, hint: HTMLElement, changed: () => void) {
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('the browser draws on no canvas');
    this.#canvas = canvas;
    this.#context = context;
    this.#hint = hint;
    this.#changed = changed;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    this.clear();
  }

  /** The brightness of what is not drawn on. */
  get paper(): number {
    return this.#light ? 255 : 0;
  }

  set light(light: boolean) {
    this.#light = light;
    this.clear();
  }

  clear(): void {
    this.#context.fillStyle = this.#light ? '#fff' : '#000';
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#hint.hidden = false;
  }

  /** Puts a picture there, as large as fits. */
  show(picture: ImageBitmap): void {
    this.clear();
    const { width, height } = this.#canvas;
    const scale = Math.min(width / picture.width, height / picture.height);
    const size = [picture.width * scale, picture.height * scale] as const;
    this.#context.drawImage(picture, (width - size[0]) / 2, (height - size[1]) / 2, ...size);
    this.#hint.hidden = true;
  }

  pixels(): ImageData {
    return this.#context.getImageData(0, 0, this.#canvas.width, this.#canvas.height);
  }

  #begin(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    const context = this.#context;
    context.strokeStyle = this.colour ?? (this.#light ? '#000' : '#fff');
    context.lineWidth = this.#canvas.width / 13;
    context.beginPath();
    context.moveTo(...this.#at(event));
    this.#line(event);
  }

  #move(event: PointerEvent): void {
    if (!this.#canvas.hasPointerCapture(event.pointerId)) return;
    // A browser gathers moves that came faster than it draws.
    const moves = event.getCoalescedEvents();
    for (const move of moves.length > 0 ? moves : [event]) this.#line(move);
  }

  #line(event: PointerEvent): void {
    this.#context.lineTo(...this.#at(event));
    this.#context.stroke();
    this.#hint.hidden = true;
    this.#changed();
  }

  #at({ clientX, clientY }: PointerEvent): [number, number] {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [
      ((clientX - left) / width) * this.#canvas.width,
      ((clientY - top) / height) * this.#canvas.height,
    ];
  }
}
