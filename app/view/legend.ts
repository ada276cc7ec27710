import type { Theme } from './colour.ts';
import { gradientOf } from './colour.ts';
import { add, say } from './dom.ts';
import type { Range } from './numbers.ts';
import { figure } from './numbers.ts';

/** Which colours stand for which numbers. */
export class Legend {
  readonly #low: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #high: HTMLElement;

  constructor(parent: HTMLElement) {
    const legend = add(parent, 'span', 'cnnc-legend');
    this.#low = add(legend, 'span');
    this.#bar = add(legend, 'span', 'cnnc-scale');
    this.#high = add(legend, 'span');
    this.#bar.ariaHidden = 'true';
  }

  update({ min, bound }: Range, theme: Theme): void {
    say(this.#low, min < 0 ? figure(-bound) : '0');
    say(this.#high, figure(bound));
    this.#bar.style.backgroundImage = gradientOf(theme, min < 0);
  }
}
