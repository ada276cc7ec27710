import type { Axis } from '../../loop/ir.ts';
import type { Text } from './expression.ts';

/** A value that can be used again: under a name where it is used more than once, else in place. */
export interface Shared {
  readonly id: number;
  readonly text: Text;
}

/**
 * A block of the function being printed. A kernel is printed twice: the first time counts how often each shared value is
 * used, the second time names those used more than once.
 */
export class Block {
  readonly parent: Block | undefined;
  /** The loop variable, where the block is the body of a loop. */
  readonly axis: Axis | undefined;
  /** What is computed at the start of the block: bases of indices. */
  readonly header: string[] = [];
  readonly lines: string[] = [];
  /** Sums of index terms up to this loop, and elements of memory, by key. */
  readonly bases = new Map<string, Shared>();
  readonly loads = new Map<string, Shared>();
  readonly #depth: number;

  constructor(parent?: Block, axis?: Axis) {
    this.parent = parent;
    this.axis = axis;
    this.#depth = parent ? parent.#depth + 1 : 1;
  }

  /** Column of its statements. */
  get indent(): number {
    return this.#depth * 2;
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

  findLoad(key: string): Shared | undefined {
    return this.loads.get(key) ?? this.parent?.findLoad(key);
  }

  /** Memory changes: no element read so far may be used again. */
  forgetLoads(): void {
    this.loads.clear();
    this.parent?.forgetLoads();
  }

  /** The innermost loop around (or at) this block that runs over one of `axes`. */
  loopOver(axes: ReadonlySet<Axis>): Block | undefined {
    return this.axis && axes.has(this.axis) ? this : this.parent?.loopOver(axes);
  }
}
