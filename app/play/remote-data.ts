/** Samples on the server as a `Dataset`. */
import { arrayTypes, bytesOf, sizeOf } from '../../runtime/arrays.ts';
import type { Batch, Dataset, Elements, PortInfo } from '../../runtime/types.ts';
import type { RemoteData } from '../../compiler/cli/play/setup.ts';

/** Data up to so many bytes are kept once they have been read. */
const keepAtMost = 2 ** 29;

/** Bytes asked for at once; the server gives four times as many. */
const askAtMost = 2 ** 24;

interface Port {
  readonly name: string;
  /** Bytes of one sample. */
  readonly bytes: number;
}

/**
 * Reads what a batch needs, as it is needed: training begins with the first batch, and only the first epoch waits for the
 * server.
 */
export class RemoteDataset implements Dataset {
  readonly size: number;
  readonly fingerprint: string;
  readonly #path: string;
  readonly #ports: readonly Port[];
  readonly #sampleBytes: number;
  /** The samples read so far, port by port; absent where all of them would be too much. */
  readonly #kept: ReadonlyMap<string, Uint8Array> | undefined;
  readonly #known: Uint8Array;

  constructor(path: string, { size, fingerprint }: RemoteData, ports: readonly PortInfo[]) {
    this.size = size;
    this.fingerprint = fingerprint;
    this.#path = path;
    this.#ports = ports.map(({ name, dtype, shape }) => ({
      name,
      bytes: sizeOf(shape) * arrayTypes[dtype].BYTES_PER_ELEMENT,
    }));
    this.#sampleBytes = this.#ports.reduce((sum, port) => sum + port.bytes, 0);
    if (size * this.#sampleBytes <= keepAtMost)
      this.#kept = new Map(this.#ports.map((port) => [port.name, new Uint8Array(size * port.bytes)]));
    this.#known = new Uint8Array(size);
  }

  async read(indices: Uint32Array, into: Batch): Promise<void> {
    const kept = this.#kept;
    if (!kept) {
      await this.#fetch(indices, (from, parts) =>
        this.#ports.forEach(({ name, bytes }, port) =>
          bytesIn(into, name).set(parts[port] as Uint8Array, from * bytes),
        ),
      );
      return;
    }
    const missing = indices.filter((index) => this.#known[index] === 0);
    await this.#fetch(missing, (from, parts, count) =>
      this.#keep(kept, missing.subarray(from, from + count), parts),
    );
    for (const { name, bytes } of this.#ports) {
      const from = kept.get(name) as Uint8Array;
      const to = bytesIn(into, name);
      indices.forEach((index, i) => to.set(from.subarray(index * bytes, (index + 1) * bytes), i * bytes));
    }
  }

  #keep(kept: ReadonlyMap<string, Uint8Array>, samples: Uint32Array, parts: readonly Uint8Array[]): void {
    this.#ports.forEach(({ name, bytes }, port) => {
      const to = kept.get(name) as Uint8Array;
      const from = parts[port] as Uint8Array;
      samples.forEach((sample, i) => to.set(from.subarray(i * bytes, (i + 1) * bytes), sample * bytes));
    });
    for (const sample of samples) this.#known[sample] = 1;
  }

  /** Gives the bytes of these samples to `take`, some samples at a time: port by port, those from the `from`th on. */
  async #fetch(
    samples: Uint32Array,
    take: (from: number, parts: readonly Uint8Array[], count: number) => void,
  ): Promise<void> {
    const step = Math.max(1, Math.floor(askAtMost / this.#sampleBytes));
    for (let from = 0; from < samples.length; from += step) {
      const some = samples.slice(from, from + step);
      const response = await fetch(this.#path, { method: 'POST', body: Uint32Array.from(some) }).catch(
        (error: unknown) => {
          throw new Error(
            `cnnc play does not answer any more; start it again, then go on here (${String(error)})`,
          );
        },
      );
      if (!response.ok) throw new Error(`the samples cannot be read: ${await response.text()}`);
      const all = new Uint8Array(await response.arrayBuffer());
      let offset = 0;
      const parts = this.#ports.map(({ bytes }) => all.subarray(offset, (offset += bytes * some.length)));
      take(from, parts, some.length);
    }
  }
}

const bytesIn = (batch: Batch, name: string): Uint8Array => bytesOf(batch[name] as Elements);
