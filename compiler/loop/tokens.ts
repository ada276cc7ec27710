import { invariant } from '../base/invariant.ts';

const pattern =
  /(?:\s|\/\/[^\n]*)*(?:([A-Za-z_$][\w$]*)|(\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:i32|u32|u8)?)|(\.\.|->|<=|>=|==|!=|[-+*/<>=:,()[\]{}]))/y;

/** The words of a printed kernel, read one by one; without comments, which are from // to the end of a line. */
export class Tokens {
  readonly #words: readonly string[];
  #at = 0;

  constructor(text: string) {
    const words: string[] = [];
    const end = text.trimEnd().length;
    pattern.lastIndex = 0;
    while (pattern.lastIndex < end) {
      const start = pattern.lastIndex;
      const match = pattern.exec(text);
      invariant(match !== null, `unexpected text: ${text.slice(start, start + 20)}`);
      words.push(match[1] ?? match[2] ?? match[3] ?? '');
    }
    this.#words = words;
  }

  peek(): string {
    return this.#words[this.#at] ?? '';
  }

  next(): string {
    const word = this.#words[this.#at++];
    invariant(word !== undefined, 'the text ends in the middle of a kernel');
    return word;
  }

  take(word: string): boolean {
    if (this.peek() !== word) return false;
    this.#at++;
    return true;
  }

  /** The one of these words that comes next; undefined, and still to come, where it is another one. */
  takeOne<W extends string>(words: readonly W[]): W | undefined {
    const word = words.find((known) => known === this.peek());
    if (word !== undefined) this.#at++;
    return word;
  }

  /** One of these words. */
  oneOf<W extends string>(words: readonly W[]): W {
    const word = this.takeOne(words);
    invariant(word !== undefined, `expected ${words.join(' or ')}, found ${this.peek()}`);
    return word;
  }

  expect(word: string): void {
    const found = this.next();
    invariant(found === word, `expected ${word}, found ${found}`);
  }

  name(): string {
    const word = this.next();
    invariant(/^[A-Za-z_$]/.test(word), `expected a name, found ${word}`);
    return word;
  }

  isNumber(): boolean {
    return /^\d/.test(this.peek());
  }

  integer(): number {
    const sign = this.take('-') ? -1 : 1;
    const word = this.next();
    invariant(/^\d+$/.test(word), `expected a whole number, found ${word}`);
    return sign * Number(word);
  }

  /** Items separated by commas up to `close`; the opening bracket has been read. */
  list<T>(close: string, item: () => T): readonly T[] {
    const items: T[] = [];
    while (!this.take(close)) {
      if (items.length > 0) this.expect(',');
      items.push(item());
    }
    return items;
  }

  end(): void {
    invariant(this.#at === this.#words.length, `unexpected ${this.peek()} behind the kernel`);
  }
}
