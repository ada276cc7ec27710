/**
 * Exact search for a plan of a given size: buffers are placed from the bottom up, each on top of what already lies in its
 * lifetime, and taken back where the rest cannot fit any more. Complete but exponential, hence with a limit of steps.
 */
import type { Interval } from './fit.ts';

interface SearchResult {
  /** By buffer; undefined when none was found within the limit. */
  readonly offsets: readonly number[] | undefined;
  readonly steps: number;
}

interface Item {
  readonly buffer: number;
  readonly size: number;
  /** First and last section of its lifetime. */
  readonly from: number;
  readonly to: number;
}

/** `order` says which buffer to try first among those that could lie equally low. */
export function searchPlan(
  intervals: readonly Interval[],
  order: readonly number[],
  capacity: number,
  limit: number,
): SearchResult {
  return new Search(intervals, order, capacity, limit).run();
}

interface Choice {
  readonly item: Item;
  readonly floor: number;
}

class Search {
  readonly #capacity: number;
  readonly #limit: number;
  readonly #offsets: number[];
  /** By section, the times between two births: how high it is filled, and what has still to go on top. */
  readonly #height: number[];
  readonly #rest: number[];
  readonly #waiting: Set<Item>;
  #steps = 0;

  constructor(intervals: readonly Interval[], order: readonly number[], capacity: number, limit: number) {
    const births = [...new Set(intervals.map(({ firstUse }) => firstUse))].sort((a, b) => a - b);
    const section = new Map(births.map((time, i) => [time, i]));
    this.#capacity = capacity;
    this.#limit = limit;
    this.#offsets = intervals.map(() => 0);
    this.#height = births.map(() => 0);
    this.#rest = births.map(() => 0);
    const items = order.flatMap((buffer): Item[] => {
      const { size, firstUse, lastUse } = intervals[buffer]!;
      if (size === 0) return [];
      const from = section.get(firstUse) ?? 0;
      let to = from;
      while (to + 1 < births.length && births[to + 1]! <= lastUse) to++;
      for (let s = from; s <= to; s++) this.#rest[s]! += size;
      return [{ buffer, size, from, to }];
    });
    this.#waiting = new Set(items);
  }

  run(): SearchResult {
    // A stack of open choices instead of recursion: thousands of buffers are as many levels.
    const stack: { readonly choices: readonly Choice[]; next: number; undo: () => void }[] = [];
    stack.push({ choices: this.#choices(0), next: 0, undo: () => {} });
    while (this.#waiting.size > 0 && this.#steps < this.#limit) {
      const level = stack.at(-1);
      if (level === undefined) return { offsets: undefined, steps: this.#steps };
      const choice = level.choices[level.next++];
      if (choice === undefined) {
        stack.pop();
        stack.at(-1)?.undo();
        continue;
      }
      const undo = this.#place(choice);
      if (undo === undefined) continue;
      level.undo = undo;
      stack.push({ choices: this.#choices(choice.floor), next: 0, undo: () => {} });
    }
    const found = this.#waiting.size === 0;
    return { offsets: found ? this.#offsets : undefined, steps: this.#steps };
  }

  /**
   * Buffers that may come next. Offsets never decrease on the way down, which leaves out permutations; and whatever starts
   * above the place where another could lie completely waits for that one.
   */
  #choices(lowest: number): readonly Choice[] {
    const all: Choice[] = [];
    let ceiling = Infinity;
    for (const item of this.#waiting) {
      let floor = lowest;
      for (let s = item.from; s <= item.to; s++) floor = Math.max(floor, this.#height[s]!);
      this.#steps += item.to - item.from + 1;
      ceiling = Math.min(ceiling, floor + item.size);
      all.push({ item, floor });
    }
    return all.filter(({ floor }) => floor < ceiling).sort((a, b) => a.floor - b.floor);
  }

  /** Puts a buffer on its floor unless some section could not take the rest any more. Gives the way back. */
  #place({ item, floor }: Choice): (() => void) | undefined {
    const { from, to, size, buffer } = item;
    const top = floor + size;
    this.#steps += to - from + 1;
    for (let s = from; s <= to; s++) if (top + this.#rest[s]! - size > this.#capacity) return undefined;
    const before = this.#height.slice(from, to + 1);
    for (let s = from; s <= to; s++) {
      this.#height[s] = top;
      this.#rest[s]! -= size;
    }
    this.#offsets[buffer] = floor;
    this.#waiting.delete(item);
    return () => {
      for (let s = from; s <= to; s++) {
        this.#height[s] = before[s - from]!;
        this.#rest[s]! += size;
      }
      this.#waiting.add(item);
    };
  }
}
