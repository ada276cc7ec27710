import type { Affine, For } from '../../loop/ir.ts';
import { lineWidth } from './data.ts';
import type { Text } from './expression.ts';

/** A sum of index terms that has a name. */
interface Base {
  readonly name: string;
  readonly sum: Text;
  /** How often the name was asked for. */
  uses: number;
}

/** A block of the function being printed. */
export class Block {
  readonly parent: Block | undefined;
  /** The loop that the block is the body of. */
  readonly loop: For | undefined;
  /** What is computed at the start of the block: bases of indices. */
  readonly header: Base[] = [];
  readonly lines: string[] = [];
  /** The names of sums of index terms up to this loop, by key. */
  readonly bases = new Map<string, Base>();
  /** What is declared here, and the last number given to each name. */
  readonly #names = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #depth: number;

  constructor(parent?: Block, loop?: For) {
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

  /** The lines, with a base that has only one user written out there. */
  text(): readonly string[] {
    const lines = [...this.header.map(({ name, sum }) => `const ${name} = ${sum.text};`), ...this.lines];
    const kept = this.header.map((base, i) => base.uses > 1 || !this.#inline(base, i, lines));
    return lines.filter((_, i) => kept[i] ?? true);
  }

  /** Writes out the base that line `i` declares; not where that makes a line too long. */
  #inline({ name }: Base, i: number, lines: string[]): boolean {
    const sum = lines[i]?.slice(`const ${name} = `.length, -1) ?? '';
    const users = lines.flatMap((line, at) => (at !== i && findWord(line, name) >= 0 ? [at] : []));
    const [user = -1, more] = users;
    const line = lines[user] ?? '';
    const at = findWord(line, name);
    const [before, after] = [line.slice(0, at), line.slice(at + name.length)];
    const longer = `${before}${sum}${after}`;
    // As the first term of a sum it needs no parentheses.
    const fits = /[[(=] ?$/.test(before) && /^(?: [-+] |[\]);,])/.test(after);
    if (user < 0 || more !== undefined || findWord(after, name) >= 0) return false;
    if (!fits || this.indent + longer.length > lineWidth) return false;
    if (isInnermost(lines, user)) return false;
    lines[user] = longer;
    return true;
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

/** Where a name stands in a line as a word of its own; -1 where it does not. */
function findWord(line: string, name: string): number {
  for (let at = line.indexOf(name); at >= 0; at = line.indexOf(name, at + 1))
    if (!isPartOfName(line, at - 1) && !isPartOfName(line, at + name.length)) return at;
  return -1;
}

const isPartOfName = (line: string, at: number): boolean => /[\w$]/.test(line.charAt(at));

const indentOf = (line: string): number => line.search(/\S/);

/** Whether a line stands in a loop, among these lines, that has no loop inside: there, each operation counts. */
function isInnermost(lines: readonly string[], at: number): boolean {
  let start = at;
  for (let depth = indentOf(lines[at] ?? ''); start >= 0; start--) {
    const line = lines[start] ?? '';
    if (indentOf(line) < depth && line.trimStart().startsWith('for ')) break;
    depth = Math.min(depth, indentOf(line));
  }
  if (start < 0) return false;
  const end = lines.findIndex((line, i) => i > at && indentOf(line) === indentOf(lines[start] ?? ''));
  return !lines.slice(start + 1, end).some((line) => line.trimStart().startsWith('for '));
}
