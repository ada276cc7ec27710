/** The text of a function as a tree of blocks, and sums in it that get a name where they stand more than once. */
import { invariant } from '../../base/invariant.ts';
import { NameScope } from './names.ts';
import { wrapped } from './wrap.ts';

/** Index arithmetic in the text: a part that others may share, and a constant. */
export interface Sum {
  /** Equal where the variable part is. */
  readonly key: string;
  /** What it is a place in, if anything. */
  readonly buffer?: string;
  readonly text: string;
  /** The same without the constant. */
  readonly variable: string;
  readonly constant: number;
}

export class Block {
  readonly parent: Block | undefined;
  readonly depth: number;
  readonly names: NameScope;
  readonly items: (string | { readonly head: string; readonly body: Block })[] = [];

  constructor(names: NameScope, parent?: Block) {
    this.names = names;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  nested(): Block {
    return new Block(new NameScope(this.names), this);
  }

  push(line: string): void {
    this.items.push(line);
  }

  pushBlock(head: string, body: Block): void {
    this.items.push({ head, body });
  }

  /** A name that nothing here or in the blocks inside has. */
  unique(wanted: string): string {
    return this.names.unique(wanted, (name) => !this.#declares(name));
  }

  #declares(name: string): boolean {
    return this.items.some(
      (item) => typeof item !== 'string' && (item.body.names.owns(name) || item.body.#declares(name)),
    );
  }
}

/** Marks the place of a sum in a line. */
const mark = (id: number): string => `\u0001${id}\u0002`;
const marks = /\u0001(\d+)\u0002/g;

/** The first place that needs a sum, in the innermost block around all that do. */
interface Position {
  readonly block: Block;
  readonly at: number;
}

interface Named {
  readonly name: string;
  /** What of the constant is in the name already. */
  readonly constant: number;
}

/** The sums of one function. */
export class Sums {
  readonly #sums: Sum[] = [];
  readonly #uses = new Map<string, { position: Position; readonly sums: Sum[] }>();
  readonly #named = new Map<string, Named>();
  readonly #declarations = new Map<Block, Map<number, string[]>>();

  /** What stands for the sum until the function is complete. */
  add(sum: Sum): string {
    this.#sums.push(sum);
    return mark(this.#sums.length - 1);
  }

  /** The lines of the function's body, which is complete. */
  lines(body: Block): readonly string[] {
    this.#find(body);
    for (const [key, { position, sums }] of this.#uses) if (sums.length > 1) this.#name(key, position, sums);
    return this.#print(body, 1);
  }

  #find(block: Block): void {
    block.items.forEach((item, at) => {
      for (const [, id] of (typeof item === 'string' ? item : item.head).matchAll(marks)) {
        const sum = this.#sum(id);
        const use = this.#uses.get(sum.key);
        if (use === undefined) {
          this.#uses.set(sum.key, { position: { block, at }, sums: [sum] });
        } else {
          use.position = around(use.position, { block, at });
          use.sums.push(sum);
        }
      }
      if (typeof item !== 'string') this.#find(item.body);
    });
  }

  #sum(id: string | undefined): Sum {
    const sum = this.#sums[Number(id)];
    invariant(sum, `there is no sum ${id}`);
    return sum;
  }

  /** The constant is a part of what is named where all have the same. */
  #name(key: string, { block, at }: Position, sums: readonly Sum[]): void {
    const [{ buffer, text, variable, constant }] = sums as readonly [Sum];
    const same = sums.every((other) => other.constant === constant);
    const own = sums.every((other) => other.buffer === buffer) && buffer !== undefined;
    const name = block.unique(own ? `${buffer}_at` : buffer === undefined ? 'i' : 'at');
    this.#named.set(key, { name, constant: same ? constant : 0 });
    const here = this.#declarations.get(block) ?? new Map<number, string[]>();
    this.#declarations.set(block, here);
    here.set(at, [...(here.get(at) ?? []), `let ${name} = ${same ? text : variable};`]);
  }

  #resolved(line: string): string {
    return line.replaceAll(marks, (_, id: string) => {
      const { key, text, constant } = this.#sum(id);
      const named = this.#named.get(key);
      if (named === undefined) return text;
      const rest = constant - named.constant;
      return rest === 0 ? named.name : `${named.name} ${rest < 0 ? '-' : '+'} ${Math.abs(rest)}`;
    });
  }

  #print(block: Block, indent: number): readonly string[] {
    return block.items.flatMap((item, at) => {
      const lines = (text: string): readonly string[] => wrapped(this.#resolved(text), indent);
      const before = (this.#declarations.get(block)?.get(at) ?? []).flatMap(lines);
      if (typeof item === 'string') return [...before, ...lines(item)];
      return [...before, ...lines(`${item.head} {`), ...this.#print(item.body, indent + 1), ...lines('}')];
    });
  }
}

function around(a: Position, b: Position): Position {
  let [first, second] = [a, b];
  while (first.block !== second.block) {
    if (first.block.depth >= second.block.depth) first = outside(first);
    else second = outside(second);
  }
  return first.at <= second.at ? first : second;
}

function outside({ block }: Position): Position {
  const { parent } = block;
  invariant(parent, 'blocks of two functions');
  return {
    block: parent,
    at: parent.items.findIndex((item) => typeof item !== 'string' && item.body === block),
  };
}
