/** Finds accesses of different threads to one element that nothing orders. */
import { invariant } from '../base/invariant.ts';
import type { Elements } from './machine.ts';

/** Who wrote and who read each element last, and when. Threads count from 1; 0: nobody. */
interface Shadow {
  /** Whether barriers order accesses: they do for memory of a workgroup, not for what all workgroups see. */
  readonly barriers: boolean;
  readonly writer: Int32Array;
  readonly written: Int32Array;
  /** `several` where different threads read it. */
  readonly reader: Int32Array;
  readonly read: Int32Array;
}

const several = -1;

export class Races {
  readonly #kernel: string;
  readonly #shadows = new Map<Elements, Shadow>();
  #thread = 1;
  /** Between which barriers of which workgroup. */
  #phase = 1;

  constructor(kernel: string) {
    this.#kernel = kernel;
  }

  /** `until`: what orders accesses to this memory, a barrier or only the end of the launch. */
  watch(memory: Elements, until: 'barrier' | 'launch'): void {
    if (this.#shadows.has(memory)) return;
    const column = (): Int32Array => new Int32Array(memory.length);
    const columns = { writer: column(), written: column(), reader: column(), read: column() };
    this.#shadows.set(memory, { barriers: until === 'barrier', ...columns });
  }

  /** From now on this thread, of all of the launch, runs. */
  enter(thread: number): void {
    this.#thread = thread + 1;
  }

  barrier(): void {
    this.#phase++;
  }

  /** What notes reads of the memory, given a place and giving it back; undefined for memory of one thread. */
  reading(memory: Elements, name: string): ((place: number) => number) | undefined {
    const shadow = this.#shadows.get(memory);
    if (shadow === undefined) return undefined;
    return (at) => {
      const phase = this.#phaseOf(shadow);
      const other = shadow.written[at] === phase ? shadow.writer[at]! : 0;
      this.#require(
        other === 0 || other === this.#thread,
        `reads ${name}[${at}] as thread ${other - 1} wrote it`,
      );
      const before = shadow.read[at] === phase ? shadow.reader[at]! : 0;
      shadow.reader[at] = before === 0 || before === this.#thread ? this.#thread : several;
      shadow.read[at] = phase;
      return at;
    };
  }

  /** The same of writes. */
  writing(memory: Elements, name: string): ((place: number) => number) | undefined {
    const shadow = this.#shadows.get(memory);
    if (shadow === undefined) return undefined;
    return (at) => {
      const phase = this.#phaseOf(shadow);
      for (const [who, when] of [
        [shadow.writer, shadow.written],
        [shadow.reader, shadow.read],
      ] as const) {
        const other = when[at] === phase ? who[at]! : 0;
        const what = who === shadow.writer ? 'wrote' : 'read';
        const whose = other === several ? 'another' : `thread ${other - 1}`;
        this.#require(other === 0 || other === this.#thread, `writes ${name}[${at}] as ${whose} ${what} it`);
      }
      shadow.writer[at] = this.#thread;
      shadow.written[at] = phase;
      return at;
    };
  }

  #phaseOf = ({ barriers }: Shadow): number => (barriers ? this.#phase : 1);

  #require(holds: boolean, what: string): void {
    if (!holds) invariant(false, `${this.#kernel}: thread ${this.#thread - 1} ${what}`);
  }
}
