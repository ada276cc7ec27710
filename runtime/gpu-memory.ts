import { ModelError } from './errors.ts';
import type { Encoder, GpuBuffer, GpuDevice } from './gpu-api.ts';
import { usage } from './gpu-api.ts';
import type { Place } from './gpu-program.ts';
import type { Elements } from './model-types.ts';

type Arena = Place[0];

/** A device with the memory of one model. */
export class GpuMemory {
  readonly device: GpuDevice;
  /** The buffers of each arena, of `#slab` bytes but for the last one. */
  readonly #arenas: Readonly<Record<Arena, readonly GpuBuffer[]>>;
  readonly #slab: number;
  /** What the error of a lost device has besides. */
  rescue: { readonly snapshot?: Uint8Array } = {};
  readonly #own: boolean;
  /** Why nothing works any more. */
  #fault: (() => ModelError) | undefined;

  /** All arenas are there, as zeros; rejects where there is no room for them. */
  readonly allocated: Promise<void>;

  constructor(device: GpuDevice, own: boolean, bytes: Readonly<Record<Arena, number>>, slab: number) {
    this.device = device;
    this.#own = own;
    this.#slab = slab;
    const arena = (name: Arena, more: number): readonly GpuBuffer[] =>
      Array.from({ length: Math.max(1, Math.ceil(bytes[name] / slab)) }, (_, i) => {
        const size = Math.min(slab, bytes[name] - i * slab);
        return this.buffer(Math.ceil(size / 256) * 256, usage.from | usage.to | more);
      });
    device.pushErrorScope('out-of-memory');
    this.#arenas = {
      weights: arena('weights', usage.storage),
      work: arena('work', usage.storage),
      batch: arena('batch', usage.uniform),
      commit: arena('commit', usage.uniform | usage.storage),
    };
    this.allocated = device.popErrorScope().then((problem) => {
      const wanted = bytes.weights + bytes.work;
      if (problem)
        throw new ModelError('memory', `the GPU has no room for ${wanted} bytes: ${problem.message}`);
    });
    void device.lost.then(({ reason, message }) => {
      const text = `the GPU is lost (${message || reason}); a new model can go on from details.snapshot`;
      this.#fault = () => new ModelError('device-lost', text, { reason, ...this.rescue });
    });
    if (!own) return;
    device.addEventListener('uncapturederror', ({ error: { message } }) => {
      this.#fault ??= () => new ModelError('kernel', `the GPU reports an error: ${message}`);
    });
  }

  buffer(size: number, bits: number): GpuBuffer {
    return this.device.createBuffer({ size, usage: bits });
  }

  /** Throws where nothing works any more. */
  check(): void {
    if (this.#fault) throw this.#fault();
  }

  /** From the next command on, `data` stand there, each element in 32 bits. */
  write([arena, offset]: Place, data: Elements): void {
    const wide = data instanceof Uint8Array ? new Uint32Array(data) : data;
    for (const [buffer, at, from, bytes] of this.#parts([arena, offset, wide.byteLength]))
      this.device.queue.writeBuffer(buffer, at, wide.subarray(from / 4, (from + bytes) / 4));
  }

  /** The buffer in which something lies, and where; no tensor lies in two of them. */
  at([arena, offset]: Place): { readonly buffer: GpuBuffer; readonly offset: number } {
    const buffers = this.#arenas[arena];
    const slab = Math.min(Math.floor(offset / this.#slab), buffers.length - 1);
    return { buffer: buffers[slab] as GpuBuffer, offset: offset - slab * this.#slab };
  }

  copy(encoder: Encoder, place: Place, to: GpuBuffer, offset: number): void {
    for (const [buffer, at, from, bytes] of this.#parts(place))
      encoder.copyBufferToBuffer(buffer, at, to, offset + from, bytes);
  }

  /** What lies in one buffer each: where there, and from where on of the whole. */
  *#parts([arena, offset, bytes]: Place): Generator<
    [buffer: GpuBuffer, at: number, from: number, bytes: number]
  > {
    for (let from = 0; from < bytes;) {
      const { buffer, offset: at } = this.at([arena, offset + from, 0]);
      const count = Math.min(bytes - from, this.#slab - at);
      yield [buffer, at, from, count];
      from += count;
    }
  }

  /** Gives `use` the contents of a buffer, when all that was submitted before has run. */
  async read(buffer: GpuBuffer, mapped: Promise<void>, use: (contents: ArrayBuffer) => void): Promise<void> {
    try {
      await mapped;
    } catch (error) {
      // A device that is lost says so a little later.
      await Promise.race([this.device.lost, new Promise((then) => setTimeout(then, 500))]);
      this.check();
      throw new ModelError('kernel', `the GPU gives no results (${String(error)})`);
    }
    this.check();
    use(buffer.getMappedRange());
    buffer.unmap();
  }

  /** A copy of what stands somewhere. */
  async download(place: Place): Promise<ArrayBuffer> {
    this.check();
    const buffer = this.buffer(place[2], usage.map | usage.to);
    const encoder = this.device.createCommandEncoder();
    this.copy(encoder, place, buffer, 0);
    this.device.queue.submit([encoder.finish()]);
    let copy = new ArrayBuffer(0);
    await this.read(buffer, buffer.mapAsync(1), (contents) => (copy = contents.slice(0)));
    buffer.destroy();
    return copy;
  }

  dispose(): void {
    for (const buffer of Object.values(this.#arenas).flat()) buffer.destroy();
    if (this.#own) this.device.destroy();
  }
}
