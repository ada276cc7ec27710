import { identifier } from '../../base/identifier.ts';

/** Words that JavaScript or TypeScript keeps for itself, and globals that generated code relies on. */
const words = `
  abstract any arguments as async await boolean break case catch class const continue debugger declare default delete do
  else enum eval export extends false finally for from function get if implements import in infer instanceof interface is
  keyof let module namespace never new null number object of package private protected public readonly require return set
  static string super switch symbol this throw true try type typeof undefined unique unknown var void while with yield
  Array ArrayBuffer Error Float32Array Infinity Int32Array Math NaN Number Object Promise Uint8Array Uint32Array
  constructor globalThis prototype toString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString
  f N expf logf tanhf
`;

export const reservedWords: ReadonlySet<string> = new Set(words.trim().split(/\s+/));

/** The names of the scopes around. */
export interface OuterNames {
  has(name: string): boolean;
}

/** Hands out identifiers that differ from each other, from reserved words and from all names of the scope around. */
export class NameScope {
  readonly #outer: OuterNames;
  readonly #taken = new Set<string>();
  /** The last number given to each name. */
  readonly #counts = new Map<string, number>();

  constructor(outer: OuterNames = reservedWords) {
    this.#outer = outer;
  }

  /** Takes a name as it is. */
  reserve(name: string): void {
    this.#taken.add(name);
  }

  /** Whether this scope itself has the name. */
  took(name: string): boolean {
    return this.#taken.has(name);
  }

  has(name: string): boolean {
    return this.#taken.has(name) || this.#outer.has(name);
  }

  /** `wanted` made an identifier; numbered where it is taken, or where `allowed` says no. */
  unique(wanted: string, allowed?: (name: string) => boolean): string {
    const base = identifier(wanted);
    // Names stay taken, so the search goes on where it ended before: a deep model has the same name many times.
    let count = allowed === undefined ? (this.#counts.get(base) ?? 0) : 0;
    const free = allowed ?? ((name: string) => !this.has(name));
    let name = count === 0 ? base : `${base}_${count}`;
    while (!free(name)) name = `${base}_${++count}`;
    if (allowed === undefined) this.#counts.set(base, count);
    this.#taken.add(name);
    return name;
  }
}
