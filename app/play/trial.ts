/** One sample under the lens: what the model says to it, and what it sees in it. */
import type { Remote } from 'comlink';
import type { Batch, Elements, Pixels, PortInfo } from '../../runtime/types.ts';
import type { Setup } from '../../compiler/cli/play/setup.ts';
import type { Shown, Weight } from '../view/index.ts';
import { renderLayers, renderOutputs, renderSaliency, weightsOf } from '../view/index.ts';
import { centred } from './centre.ts';
import { answerOf } from './classifier.ts';
import { latest } from './latest.ts';
import { Pad } from './pad.ts';
import { part, say } from './page.ts';
import { drawPicture, isPicture } from './picture.ts';
import type { Look, Opened } from './protocol.ts';
import type { Session } from './session.ts';

/** What is looked at: the drawing, a picture from a file, or numbers from the data. */
type Subject =
  | { readonly kind: 'drawing' }
  | { readonly kind: 'picture'; readonly pixels: Pixels; readonly caption: string }
  | { readonly kind: 'sample'; readonly inputs: Batch; readonly caption: string; readonly truth?: number };

/** Milliseconds between two looks, and between two observations, which are the larger. */
const [lookEvery, observeEvery] = [30, 400];

/** The weights of a model with no more are read again and again while it trains. */
const fewParameters = 300_000;

export class Trial {
  readonly #session: Remote<Session>;
  readonly #setup: Setup;
  readonly #pad: Pad;
  readonly #look: () => void;
  readonly #observe: () => void;
  #opened: Opened | undefined;
  #prepared = false;
  /** Whether what the network sees is on the screen. */
  #visible = false;
  #subject: Subject | undefined;
  #inputs: Batch | undefined;
  #weights: readonly Weight[] | undefined;
  /** No epoch has ended yet. */
  untrained = true;

  constructor(session: Remote<Session>, setup: Setup, failed: (error: unknown) => void) {
    this.#session = session;
    this.#setup = setup;
    this.#pad = new Pad(part('pad', HTMLCanvasElement), part('pad-hint', HTMLElement), () => this.#drawn());
    // While another model is made, there is none to ask.
    const ifOpen = (error: unknown): void => (this.#opened ? failed(error) : undefined);
    this.#look = latest(() => this.#lookOnce(), lookEvery, ifOpen);
    this.#observe = latest(() => this.#observeOnce(), observeEvery, ifOpen);
    const seen = part('seen', HTMLElement);
    new IntersectionObserver(
      ([entry]) => {
        this.#visible = entry?.isIntersecting === true;
        if (this.#visible) this.#observe();
      },
      { rootMargin: '400px' },
    ).observe(seen);
    part('clear', HTMLButtonElement).addEventListener('click', () => this.#clear());
    part('sample', HTMLButtonElement).addEventListener('click', () => {
      this.showAny().catch(failed);
    });
    part('centre', HTMLInputElement).addEventListener('change', () => this.#look());
    const colour = part('colour', HTMLInputElement);
    colour.addEventListener('input', () => (this.#pad.colour = colour.value));
    const file = part('file', HTMLInputElement);
    file.addEventListener('change', () => {
      const [picture] = file.files ?? [];
      file.value = '';
      if (picture) this.#showFile(picture).catch(failed);
    });
  }

  /** Another model is being made. */
  close(): void {
    this.#opened = undefined;
  }

  /** A model is ready: another engine, or the first one. */
  async use(opened: Opened): Promise<void> {
    this.#opened = opened;
    if (!this.#prepared) {
      this.#prepared = true;
      this.#prepare(opened);
      await this.showAny();
    } else this.refresh();
  }

  /** The model has changed. The filters of a large one are drawn again when an epoch has ended. */
  refresh(epochEnded = true): void {
    if (epochEnded || this.#setup.parameters <= fewParameters) this.#weights = undefined;
    this.#look();
  }

  /** Any sample of the data. */
  async showAny(): Promise<void> {
    const { size, what } = this.#setup.validation ?? this.#setup.train;
    const number = Math.floor(Math.random() * size);
    const { inputs, truth } = await this.#session.lookAtSample(number);
    this.show(inputs, `sample ${number}, ${what}`, truth);
  }

  show(inputs: Batch, caption: string, truth?: number): void {
    this.#pad.clear();
    this.#subject = { kind: 'sample', inputs, caption, ...(truth !== undefined && { truth }) };
    this.#look();
  }

  /** Leaves only what this model can have: says why the rest is absent. */
  #prepare({ signature, lightPaper }: Opened): void {
    const { inputs } = signature;
    const [input] = inputs;
    const why = whyNoDrawing(inputs);
    say(part('no-drawing', HTMLElement), why);
    part('trying', HTMLElement).classList.toggle('without-pad', why !== undefined);
    this.#pad.light = lightPaper === true;
    const colours = input?.shape[2] === 3;
    part('colour-label', HTMLElement).hidden = !colours;
    // Pictures in colours have no ink to centre.
    part('centre-label', HTMLElement).hidden = colours;
    part('centre', HTMLInputElement).checked = !colours;
    const note = this.#opened?.canObserve ? '' : 'This model was built without what looks into it.';
    say(part('seen-note', HTMLElement), note);
  }

  #drawn(): void {
    this.#subject = { kind: 'drawing' };
    this.#look();
  }

  #clear(): void {
    this.#pad.clear();
    this.#subject = undefined;
    say(part('said-note', HTMLElement), 'Draw something, or take a sample.');
  }

  async #showFile(picture: File): Promise<void> {
    const bitmap = await createImageBitmap(picture);
    this.#pad.show(bitmap);
    this.#subject = { kind: 'picture', pixels: pixelsOf(bitmap), caption: picture.name };
    this.#look();
  }

  async #lookOnce(): Promise<void> {
    const subject = this.#subject;
    const opened = this.#opened;
    if (!subject || !opened) return;
    const look: Look =
      subject.kind === 'sample'
        ? await this.#session.lookAt(subject.inputs)
        : await this.#session.lookAtPixels(subject.kind === 'picture' ? subject.pixels : this.#drawing());
    this.#inputs = look.inputs;
    this.#showTaken(opened, look, subject);
    renderOutputs(part('outputs', HTMLElement), this.#shown(opened, look));
    this.#note(subject, look);
    if (opened.canObserve && this.#visible) this.#observe();
  }

  #drawing(): Pixels {
    const pixels = this.#pad.pixels();
    return part('centre', HTMLInputElement).checked ? centred(pixels, this.#pad.paper) : pixels;
  }

  async #observeOnce(): Promise<void> {
    const [opened, inputs] = [this.#opened, this.#inputs];
    if (!opened?.canObserve || !inputs) return;
    const observation = await this.#session.observe(inputs);
    this.#weights ??= weightsOf(await this.#session.weights());
    const { signature, classes } = opened;
    const shown: Shown = { signature, classes, inputs, observation, weights: this.#weights };
    renderSaliency(part('saliency', HTMLElement), shown);
    renderLayers(part('layers', HTMLElement), shown);
  }

  #shown({ signature, classes }: Opened, { inputs, outputs }: Look): Shown {
    return { signature, classes, inputs, observation: { outputs, layers: [], saliency: [] } };
  }

  #showTaken({ signature }: Opened, { inputs }: Look, subject: Subject): void {
    const [input] = signature.inputs;
    const values = input && inputs[input.name];
    const canvas = part('taken', HTMLCanvasElement);
    canvas.hidden = !input || !isPicture(input);
    if (input && values && !canvas.hidden) drawPicture(canvas, values, input);
    const caption = part('taken-caption', HTMLElement);
    if (subject.kind === 'drawing') caption.textContent = 'what the model is given';
    else caption.textContent = canvas.hidden ? `${subject.caption}: ${numbers(inputs)}` : subject.caption;
  }

  #note(subject: Subject, { outputs }: Look): void {
    const { classifier } = this.#setup;
    const values = classifier && outputs[classifier.output];
    const notes: string[] = [];
    if (classifier && values) {
      const { predicted } = answerOf(values);
      const name = (number: number): string => classifier.classes[number] ?? String(number);
      const truth = subject.kind === 'sample' ? subject.truth : undefined;
      if (truth === undefined) notes.push(`It says ${name(predicted)}.`);
      else if (truth === predicted) notes.push(`It says ${name(predicted)}, which is right.`);
      else notes.push(`It says ${name(predicted)}, but it is ${name(truth)}.`);
    }
    if (this.untrained) notes.push('The model is not trained yet: it guesses.');
    say(part('said-note', HTMLElement), notes.join(' '));
  }
}

/** Larger pictures are made smaller by the browser first. */
const mostPixels = 1024;

/** As they are, so that the model says the same as with `cnnc predict`. */
function pixelsOf(picture: ImageBitmap): Pixels {
  const scale = Math.min(1, mostPixels / Math.max(picture.width, picture.height));
  const [width, height] = [Math.ceil(picture.width * scale), Math.ceil(picture.height * scale)];
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new Error('the browser draws on no canvas');
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** Why nothing can be drawn for this model. */
function whyNoDrawing(inputs: readonly PortInfo[]): string | undefined {
  const [input, ...others] = inputs;
  if (input && others.length === 0 && isPicture(input)) return undefined;
  const list = inputs.map(({ name, dtype, shape }) => `${name}: ${dtype}[${shape.join(', ')}]`).join(' and ');
  const why = others.length > 0 ? 'more than one picture' : 'no picture';
  return `There is nothing to draw here: the model takes ${why} (${list}). Samples of the data show what it says.`;
}

const mostNumbers = 8;

function numbers(inputs: Batch): string {
  return Object.entries(inputs)
    .map(([name, values]: [string, Elements]) => {
      const shown = [...values.subarray(0, mostNumbers)].map((value) => Number(value.toPrecision(4)));
      return `${name} ${shown.join(', ')}${values.length > mostNumbers ? ' …' : ''}`;
    })
    .join('; ');
}
