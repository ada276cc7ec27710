/** Hands out names that differ from all before: `x`, `x_1`, `x_2`. */
export class Names {
  readonly #taken = new Set<string>();
  readonly #next = new Map<string, number>();

  unique(wanted: string): string {
    let name = wanted;
    let count = this.#next.get(wanted) ?? 1;
    while (this.#taken.has(name)) name = `${wanted}_${count++}`;
    this.#next.set(wanted, count);
    this.#taken.add(name);
    return name;
  }
}
