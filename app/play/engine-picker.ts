/** What the model runs on. */
import { part, say } from './page.ts';
import type { EngineChoice, Offer, Opened } from './protocol.ts';

/** More threads than that help few models. */
const usualThreads = 4;

export class EnginePicker {
  readonly #offer: Offer;

  /** `changed` is called when a person chooses another engine. */
  constructor(offer: Offer, changed: () => void) {
    this.#offer = offer;
    const [gpu, wasm] = [this.#radio('wgsl'), this.#radio('wasm')];
    gpu.disabled = offer.gpu === undefined;
    // An adapter made of software is there to be tried, not to be the first choice.
    const first = offer.gpu && !offer.gpu.software ? gpu : wasm;
    first.checked = true;
    const processors = Math.max(1, offer.processors);
    this.#threads.max = String(Math.min(64, processors));
    this.#threads.value = String(Math.min(usualThreads, Math.max(1, processors - 1)));
    for (const input of [gpu, wasm, this.#threads]) input.addEventListener('change', changed);
    this.#note(undefined);
  }

  get choice(): EngineChoice {
    if (this.#radio('wgsl').checked) return { kind: 'wgsl' };
    const threads = Math.floor(Number(this.#threads.value)) || 1;
    return { kind: 'wasm', threads: Math.min(64, Math.max(1, threads)) };
  }

  enable(enabled: boolean): void {
    part('engine', HTMLFieldSetElement).disabled = !enabled;
  }

  /** What came of the choice. */
  say({ note }: Opened): void {
    this.#threads.disabled = this.choice.kind !== 'wasm';
    this.#note(note);
  }

  /** WebAssembly, where WebGPU failed; false: there is nothing left to try. */
  fallBack(): boolean {
    if (this.choice.kind === 'wasm') return false;
    this.#radio('wasm').checked = true;
    return true;
  }

  get #threads(): HTMLInputElement {
    return part('threads', HTMLInputElement);
  }

  #radio(kind: EngineChoice['kind']): HTMLInputElement {
    const found = document.querySelector(`input[name=engine][value=${kind}]`);
    if (!(found instanceof HTMLInputElement)) throw new Error(`the page has no choice ${kind}`);
    return found;
  }

  #note(reason: string | undefined): void {
    const { gpu, noGpu } = this.#offer;
    const adapter = gpu && `WebGPU: ${gpu.name}${gpu.software ? ' (made of software, slow)' : ''}`;
    const lines = [adapter ?? `No WebGPU: ${noGpu ?? 'unknown'}`, ...(reason === undefined ? [] : [reason])];
    say(part('engine-note', HTMLElement), lines.join('. '));
  }
}
