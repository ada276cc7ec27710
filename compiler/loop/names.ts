/** Names that something else has. */
export interface TakenNames {
  has(name: string): boolean;
}

/** Hands out names that differ from one another and from those around: `x`, `x_1`, `x_2`. */
export class Names implements TakenNames {
  readonly #around: TakenNames;
  readonly #own = new Set<string>();
  /** The last number given to each name. */
  readonly #counts = new Map<string, number>();

  constructor(around: TakenNames = new Set<string>()) {
    this.#around = around;
  }

  /** Takes a name as it is. */
  reserve(name: string): void {
    this.#own.add(name);
  }

  /** Whether the name was taken here, and not around. */
  owns(name: string): boolean {
    return this.#own.has(name);
  }

  has(name: string): boolean {
    return this.#own.has(name) || this.#around.has(name);
  }

  /** `wanted`, numbered where it is taken, or where `allowed` says no. */
  unique(wanted: string, allowed?: (name: string) => boolean): string {
    // Names stay taken, so the search goes on where it ended before: a deep model has the same name many times.
    let count = allowed === undefined ? (this.#counts.get(wanted) ?? 0) : 0;
    let name = count === 0 ? wanted : `${wanted}_${count}`;
    while (this.has(name) || allowed?.(name) === false) name = `${wanted}_${++count}`;
    if (allowed === undefined) this.#counts.set(wanted, count);
    this.#own.add(name);
    return name;
  }
}
