import { ModelError } from './errors.ts';
import type { Encoder, GpuBuffer, GpuDevice } from './gpu-api.ts';
import type { Place } from './gpu-program.ts';
import type { Elements } from './model-types.ts';

/** What goes in or out: an array here, a place there. */
export type Port = readonly [view: Elements, place: Place];

/** Of `GPUBufferUsage`: MAP_READ | COPY_DST, and COPY_SRC | COPY_DST | UNIFORM | STORAGE | QUERY_RESOLVE. */
const usage = { readback: 0x9, arena: 0x2cc };

/** A device with the memory of one model. */
export class GpuMemory {
  readonly device: GpuDevice;
  /** What the error of a lost device has besides. */
  snapshot: Uint8Array | undefined;
  readonly #own: boolean;
  readonly #slab: number;
  /** Of each arena one, or several of `#slab` bytes but for the last one. */
  readonly #buffers = new Map<string, GpuBuffer>();
  /** Why nothing works any more. */
  #fault: (() => ModelError) | undefined;

  /** All arenas begin as zeros. */
  constructor(device: GpuDevice, own: boolean, arenas: Readonly<Record<Place[0], number>>, slab = Infinity) {
    this.device = device;
    this.#own = own;
    this.#slab = slab;
    for (const [arena, bytes] of Object.entries(arenas)) {
      for (let from = 0; from < bytes; from += slab) {
        const size = Math.ceil(Math.min(slab, bytes - from) / 256) * 256;
        this.#buffers.set(`${arena} ${from}`, device.createBuffer({ size, usage: usage.arena }));
      }
    }
    void device.lost.then(({ reason, message }) => {
      const text = `the GPU is lost (${message || reason}); a new model can go on from details.snapshot`;
      this.#fault = () => new ModelError('device-lost', text, { reason, snapshot: this.snapshot });
    });
    if (own) device.addEventListener('uncapturederror', ({ error }) => this.#fail(error.message));
  }

  /** Throws where nothing works any more. */
  check(): void {
    if (this.#fault) throw this.#fault();
  }

  #fail(message: string): void {
    this.#fault ??= () => new ModelError('kernel', `the GPU reports an error: ${message}`);
  }

  /** As what stands at a binding; nothing lies in two buffers. Elements may be vectors of four. */
  at([arena, offset, bytes]: Place) {
    const within = offset % this.#slab;
    const buffer = this.#buffers.get(`${arena} ${offset - within}`) as GpuBuffer;
    return { buffer, offset: within, size: Math.ceil(bytes / 16) * 16 };
  }

  /** From the next command on, what an array holds now stands there, each element in 32 bits. */
  upload([view, place]: Port): void {
    const { buffer, offset } = this.at(place);
    this.device.queue.writeBuffer(buffer, offset, view instanceof Uint8Array ? new Uint32Array(view) : view);
  }

  /** Submits what was encoded. The result waits until it has run, and brings arrays what stands there then. */
  submit(encoder: Encoder, ports: readonly Port[]): () => Promise<void> {
    const size = ports.reduce((sum, [{ length }]) => sum + length * 4, 0);
    const readback = this.device.createBuffer({ size: size || 4, usage: usage.readback });
    let end = 0;
    for (const [{ length }, place] of ports) {
      const { buffer, offset } = this.at(place);
      encoder.copyBufferToBuffer(buffer, offset, readback, end, length * 4);
      end += length * 4;
    }
    this.device.queue.submit([encoder.finish()]);
    const ended = readback.mapAsync(1).catch(async (problem) => {
      // A device that is lost says so a little later.
      await Promise.race([this.device.lost, new Promise((then) => setTimeout(then, 500))]);
      this.#fail(String(problem));
    });
    return async () => {
      await ended;
      this.check();
      const contents = readback.getMappedRange();
      let start = 0;
      for (const [view] of ports) {
        const Type = view instanceof Uint8Array ? Uint32Array : (view.constructor as typeof Float32Array);
        view.set(new Type(contents, start, view.length));
        start += view.length * 4;
      }
      readback.destroy();
    };
  }

  /** Brings an array what stands there when all that was submitted has run. */
  async download<T extends Elements>(view: T, place: Place): Promise<T> {
    await this.submit(this.device.createCommandEncoder(), [[view, place]])();
    return view;
  }

  release(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    if (this.#own) this.device.destroy();
  }
}
