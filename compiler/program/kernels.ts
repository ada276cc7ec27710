import type { Kernel } from '../loop/ir.ts';
import { printKernel } from '../loop/print.ts';
import { schedule } from '../schedule/index.ts';
import type { TargetInfo } from './target.ts';

/** The scheduled kernels of a program. Kernels of equal structure are one, whatever they are called or bound to. */
export class KernelTable {
  readonly #target: TargetInfo;
  readonly #kernels: Kernel[] = [];
  readonly #known = new Map<Kernel, number>();
  readonly #byText = new Map<string, number>();
  readonly #names = new Map<string, number>();

  constructor(target: TargetInfo) {
    this.#target = target;
  }

  get kernels(): readonly Kernel[] {
    return this.#kernels;
  }

  /** The index of the scheduled form of a lowered kernel. */
  add(kernel: Kernel): number {
    const known = this.#known.get(kernel) ?? this.#find(kernel);
    this.#known.set(kernel, known);
    return known;
  }

  #find(kernel: Kernel): number {
    const text = printKernel({ ...kernel, name: 'kernel' });
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const count = (this.#names.get(kernel.name) ?? 0) + 1;
    this.#names.set(kernel.name, count);
    const name = count === 1 ? kernel.name : `${kernel.name}_${count}`;
    this.#kernels.push({ ...schedule(kernel, this.#target), name });
    this.#byText.set(text, this.#kernels.length - 1);
    return this.#kernels.length - 1;
  }
}
