/** Samples on the server as a `Dataset`. */
import { arrayTypes, bytesOf, sizeOf } from '../../runtime/arrays.ts';
import type { Batch, Dataset, Elements, PortInfo } from '../../runtime/types.ts';
import type { RemoteData } from '../../compiler/cli/play/setup.ts';

/** Data up to so many bytes are kept once they have been read. */
const keepAtMost = 2 ** 29;

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
    const bytes = size * this.#ports.reduce((sum, port) => sum + port.bytes, 0);
    if (bytes <= keepAtMost)
      this.#kept = new Map(this.#ports.map((port) => [port.name, new Uint8Array(size * port.bytes)]));
    this.#known = new Uint8Array(size);
  }

  async read(indices: Uint32Array, into: Batch): Promise<void> {
    const kept = this.#kept;
    if (!kept) {
      const all = await this.#fetch(indices);
      this.#ports.forEach(({ name }, port) => bytesIn(into, name).set(all[port] as Uint8Array));
      return;
    }
    const missing = indices.filter((index) => this.#known[index] === 0);
    if (missing.length > 0) this.#keep(kept, missing, await this.#fetch(missing));
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

  /** The bytes of these samples, port by port. */
  async #fetch(samples: Uint32Array): Promise<readonly Uint8Array[]> {
    const response = await fetch(this.#path, { method: 'POST', body: Uint32Array.from(samples) });
    if (!response.ok) throw new Error(`the samples cannot be read: ${await response.text()}`);
    const all = new Uint8Array(await response.arrayBuffer());
    let offset = 0;
    return this.#ports.map(({ bytes }) => all.subarray(offset, (offset += bytes * samples.length)));
  }
}

const bytesIn = (batch: Batch, name: string): Uint8Array => bytesOf(batch[name] as Elements);
