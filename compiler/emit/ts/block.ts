import type { Affine } from '../../loop/ir.ts';
import type { Text } from './expression.ts';
import type { Loop } from './sums.ts';

/** A block of the function being printed. */
export class Block {
  readonly parent: Block | undefined;
  /** The loop that the block is the body of. */
  readonly loop: Loop | undefined;
  /** What is computed at the start of the block: bases of indices. */
  readonly header: string[] = [];
  readonly lines: string[] = [];
  /** The names of sums of index terms up to this loop, by key. */
  readonly bases = new Map<string, Text>();
  /** What is declared here, and the last number given to each name. */
  readonly #names = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #depth: number;

  constructor(parent?: Block, loop?: Loop) {
    this.parent = parent;
    this.loop = loop;
    this.#depth = parent ? parent.#depth + 1 : 1;
  }

  /** Column of its statements. */
  get indent(): number {
    return this.#depth * 2;
  }

  /** Whether a declaration here or around has the name. */
  knows(name: string): boolean {
    return this.#names.has(name) || (this.parent?.knows(name) ?? false);
  }

  /** Takes the first free one of `base`, `base_1`, … for a declaration. */
  declare(base: string, isFree: (name: string) => boolean): string {
    let count = this.#counts.get(base) ?? 0;
    let name = count === 0 ? base : `${base}_${count}`;
    while (!isFree(name)) name = `${base}_${++count}`;
    this.#counts.set(base, count);
    this.#names.add(name);
    return name;
  }

  text(): readonly string[] {
    return [...this.header, ...this.lines];
  }

  push(line: string): void {
    this.lines.push(line);
  }

  /** The lines of a block inside this one, under `head`. */
  nest(head: string, inner: Block, tail = '}'): void {
    this.lines.push(`${head} {`, ...inner.text().map((line) => `  ${line}`), tail);
  }

  /** The body of the innermost loop around (or at) this block that one of the terms depends on. */
  loopOver(terms: Affine['terms']): Block | undefined {
    const axis = this.loop?.axis;
    return axis && terms.some((term) => term.axis === axis) ? this : this.parent?.loopOver(terms);
  }
}
