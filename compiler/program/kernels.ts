import type { Kernel } from '../loop/ir.ts';
import { printKernel } from '../loop/print.ts';

/** The scheduled kernels of a program. */
export class KernelTable {
  readonly #schedule: (kernel: Kernel, batch: number) => Kernel;
  readonly #kernels: Kernel[] = [];
  /** By the batch that they were scheduled for. */
  readonly #known = new Map<Kernel, Map<number, number>>();
  readonly #byText = new Map<string, Kernel>();
  readonly #names = new Map<string, number>();

  constructor(schedule: (kernel: Kernel, batch: number) => Kernel) {
    this.#schedule = schedule;
  }

  get kernels(): readonly Kernel[] {
    return this.#kernels;
  }

  /**
   * The index of the scheduled form of a lowered kernel, for a batch. Groups of equal structure have one kernel, by `lowering`,
   * unless the batch makes a difference.
   */
  add(kernel: Kernel, batch = 1): number {
    const forms = this.#known.get(kernel) ?? new Map<number, number>();
    const known = forms.get(batch) ?? this.#append(kernel, batch, [...forms.values()]);
    this.#known.set(kernel, forms.set(batch, known));
    return known;
  }

  /** The same for a kernel made for one launch, which may equal that of another launch. */
  addEqual(kernel: Kernel): number {
    const text = printKernel(kernel);
    const known = this.#byText.get(text) ?? kernel;
    this.#byText.set(text, known);
    return this.add(known);
  }

  /** `forms`: those of the same kernel for other batches. */
  #append(kernel: Kernel, batch: number, forms: readonly number[]): number {
    const scheduled = this.#schedule(kernel, batch);
    const text = (form: Kernel | undefined): string => (form ? printKernel({ ...form, name: '' }) : '');
    const equal = forms.find((form) => text(this.#kernels[form]) === text(scheduled));
    if (equal !== undefined) return equal;
    const count = (this.#names.get(kernel.name) ?? 0) + 1;
    this.#names.set(kernel.name, count);
    const name = count === 1 ? kernel.name : `${kernel.name}_${count}`;
    this.#kernels.push({ ...scheduled, name });
    return this.#kernels.length - 1;
  }
}
