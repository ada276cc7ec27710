/** Pictures with class numbers, before they are fitted to a model. */

export interface Source {
  /** How messages call it: the spec or a file. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** The class of each sample, an index into `classes`. Its length is the number of samples. */
  readonly labels: Uint8Array | Uint16Array;
  readonly fingerprint: string;
  /** Writes picture `index`, bytes 0–255 row by row with the channels last, to `into[offset …]`. */
  read(index: number, into: Uint8Array, offset: number): void | Promise<void>;
}

/** What a loader opens: sources for training and, where the format has one, for testing. */
export interface Opened {
  readonly train: Source;
  readonly test?: Source;
  readonly classes: readonly string[];
  /** The names of the classes are names of folders, which must be the classes of the model. */
  readonly named: boolean;
}

/** Pictures that cost time to make are kept once made, up to this many bytes per source. */
const keepAtMost = 256 * 2 ** 20;

/** `make` of a picture of `bytes` bytes, made once each while memory for all of them is modest. */
export function keepMade(
  count: number,
  bytes: number,
  make: (index: number, into: Uint8Array, offset: number) => void | Promise<void>,
): Source['read'] {
  if (count * bytes > keepAtMost) return make;
  let store: Uint8Array | undefined;
  const made = new Uint8Array(count);
  return (index, into, offset) => {
    store ??= new Uint8Array(count * bytes);
    const kept = store;
    const from = index * bytes;
    const give = (): void => {
      made[index] = 1;
      into.set(kept.subarray(from, from + bytes), offset);
    };
    if (made[index] === 1) return give();
    const pending = make(index, kept, from);
    return pending ? pending.then(give) : give();
  };
}
