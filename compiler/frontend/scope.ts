/** The names bound so far in one body; an `if` branch has its own. */
import type { Datum } from './datum.ts';

export class Scope {
  readonly #parent: Scope | undefined;
  readonly #names = new Map<string, Datum>();

  constructor(parent?: Scope) {
    this.#parent = parent;
  }

  get(name: string): Datum | undefined {
    return this.#names.get(name) ?? this.#parent?.get(name);
  }

  set(name: string, datum: Datum): void {
    this.#names.set(name, datum);
  }
}
