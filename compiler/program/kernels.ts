import type { Kernel } from '../loop/ir.ts';
import { printKernel } from '../loop/print.ts';

/** The scheduled kernels of a program. */
export class KernelTable {
  readonly #schedule: (kernel: Kernel) => Kernel;
  readonly #kernels: Kernel[] = [];
  readonly #known = new Map<Kernel, number>();
  readonly #byText = new Map<string, Kernel>();
  readonly #names = new Map<string, number>();

  constructor(schedule: (kernel: Kernel) => Kernel) {
    this.#schedule = schedule;
  }

  get kernels(): readonly Kernel[] {
    return this.#kernels;
  }

  /** The index of the scheduled form of a lowered kernel. Groups of equal structure have one kernel, by `lowering`. */
  add(kernel: Kernel): number {
    const known = this.#known.get(kernel) ?? this.#append(kernel);
    this.#known.set(kernel, known);
    return known;
  }

  /** The same for a kernel made for one launch, which may equal that of another launch. */
  addEqual(kernel: Kernel): number {
    const text = printKernel(kernel);
    const known = this.#byText.get(text) ?? kernel;
    this.#byText.set(text, known);
    return this.add(known);
  }

  #append(kernel: Kernel): number {
    const count = (this.#names.get(kernel.name) ?? 0) + 1;
    this.#names.set(kernel.name, count);
    const name = count === 1 ? kernel.name : `${kernel.name}_${count}`;
    this.#kernels.push({ ...this.#schedule(kernel), name });
    return this.#kernels.length - 1;
  }
}
