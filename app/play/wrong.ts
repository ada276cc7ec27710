/** The pictures that the model gets wrong. */
import type { PortInfo } from '../../runtime/types.ts';
import type { Setup } from '../../compiler/cli/play/setup.ts';
import { figure } from '../../compiler/cli/text.ts';
import { confusions } from './confusions.ts';
import { element, part, say } from './page.ts';
import { drawPicture, isPicture } from './picture.ts';
import type { Answered, Mistake, Mistakes } from './protocol.ts';

export class WrongPictures {
  readonly #setup: Setup;
  readonly #input: PortInfo | undefined;
  readonly #chosen: (mistake: Mistake, caption: string) => void;

  /** `chosen` is called with the one that a person wants to look into. */
  constructor(
    setup: Setup,
    inputs: readonly PortInfo[],
    chosen: (mistake: Mistake, caption: string) => void,
  ) {
    this.#setup = setup;
    this.#input = inputs.length === 1 ? inputs[0] : undefined;
    this.#chosen = chosen;
    if (!setup.classifier)
      this.#say('The model tells no classes apart, so none of its answers is right or wrong.');
  }

  show({ checked, of, wrong, answered, shown }: Mistakes): void {
    const { what } = this.#setup.validation ?? this.#setup.train;
    const all = checked < of ? `the first ${checked} of ${of}` : `${of}`;
    const most = shown.length < wrong ? `; the ${shown.length} it is most sure of` : ', most confident first';
    const some = wrong === 0 ? 'none' : `${wrong}${most}`;
    this.#say(`Of ${all} samples (${what}): ${some}.`);
    part('mistakes', HTMLUListElement).replaceChildren(...shown.map((mistake) => this.#item(mistake)));
    this.#confused(answered);
  }

  clear(): void {
    if (!this.#setup.classifier) return;
    this.#say('Known after the first epoch.');
    part('mistakes', HTMLUListElement).replaceChildren();
    this.#confused([]);
  }

  #confused(answered: readonly Answered[]): void {
    const shown = confusions(answered, this.#setup.classifier?.classes ?? []);
    part('confused', HTMLDetailsElement).hidden = shown === undefined;
    part('confusions', HTMLElement).replaceChildren(...(shown ? [shown] : []));
  }

  #say(text: string): void {
    say(part('wrong-note', HTMLElement), text);
  }

  #item(mistake: Mistake): HTMLLIElement {
    const { sample, truth, predicted, confidence } = mistake;
    const name = (number: number): string => this.#setup.classifier?.classes[number] ?? String(number);
    const isShare = confidence >= 0 && confidence <= 1;
    const sure = isShare ? `${(100 * confidence).toFixed(0)}\u00a0%` : figure(confidence);
    const button = element('button', 'mistake');
    button.title = 'look into this one';
    if (this.#input && isPicture(this.#input)) {
      const canvas = element('canvas', '');
      const values = mistake.inputs[this.#input.name];
      if (values) drawPicture(canvas, values, this.#input);
      button.append(canvas);
    } else button.append(element('span', '', `sample ${sample}`));
    button.append(
      element('span', 'truth', 'is ', element('b', '', name(truth))),
      element('span', 'predicted', 'taken for ', element('b', '', name(predicted)), `\u00a0${sure}`),
    );
    button.addEventListener('click', () => this.#chosen(mistake, `sample ${sample}`));
    return element('li', '', button);
  }
}
