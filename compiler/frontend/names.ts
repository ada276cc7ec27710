/** The names of layer instances: paths of bindings, else Keras's names counted where they stand. */

/** `Conv2D` → `conv2d`, `BatchNormalization` → `batch_normalization`, as Keras derives names from classes. */
export function kerasName(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

export const joinPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** `residual_2.main.conv2d` of `residual_2.main.conv2d.kernel` */
export const ownerOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('.')));

/** Counts the unnamed instances inside one layer instance or one bound value. */
export class InstanceNames {
  readonly path: string;
  /** Names bound in the enclosing body: a counted name must not be one of them. */
  readonly #bound: ReadonlySet<string>;
  readonly #counts = new Map<string, number>();

  constructor(path: string, bound: ReadonlySet<string>) {
    this.path = path;
    this.#bound = bound;
  }

  /** The names inside `name = …`. */
  inside(name: string): InstanceNames {
    return new InstanceNames(joinPath(this.path, name), this.#bound);
  }

  /** `conv2d`, then `conv2d_1`, `conv2d_2` …, as Keras counts. */
  next(name: string): string {
    const base = kerasName(name);
    for (;;) {
      const count = this.#counts.get(base) ?? 0;
      this.#counts.set(base, count + 1);
      const counted = count === 0 ? base : `${base}_${count}`;
      if (!this.#bound.has(counted)) return joinPath(this.path, counted);
    }
  }
}
