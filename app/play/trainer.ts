/** The buttons, the progress and the curves of training. */
import type { Remote } from 'comlink';
import { proxy } from 'comlink';
import type { EpochRecord, History, Scores } from '../../runtime/types.ts';
import { adviceOf } from '../../compiler/cli/advice.ts';
import type { Setup } from '../../compiler/cli/play/setup.ts';
import { duration, figure, grouped, scores } from '../../compiler/cli/text.ts';
import { Charts } from './charts.ts';
import { element, part, say } from './page.ts';
import type { EngineChoice, Mistakes, Opened, TrainingProgress } from './protocol.ts';
import type { Session } from './session.ts';

type State = 'opening' | 'ready' | 'training' | 'paused' | 'stopping' | 'failed';

/** What others do when training changes something. */
interface Watcher {
  state(state: State): void;
  /** After some batches. */
  progress(): void;
  /** At the end of an epoch, and when the model is a new one. */
  epoch(history: History): void;
  mistakes(found: Mistakes): void;
  failed(error: unknown): void;
  /** Makes the model anew: from the start, or from where training stood. */
  reopen(anew: boolean): Promise<void>;
}

const buttons = ['start', 'pause', 'stop', 'again', 'save'] as const;

export class Trainer {
  readonly #session: Remote<Session>;
  readonly #setup: Setup;
  readonly #watcher: Watcher;
  #charts: Charts | undefined;
  #state: State = 'opening';
  #history: History = [];
  /** Epochs that have ended, and a part of one that runs. */
  #done = 0;
  /** Whether the page has weights that neither a file nor the browser has. */
  #unsaved = false;
  /** What the page says again when another model is ready. */
  #saidBefore: string | undefined;
  /** Whether the keyboard was at a button that cannot be used now. */
  #focusNext = false;
  /** Which call of `train` is listened to. */
  #run = 0;

  constructor(session: Remote<Session>, setup: Setup, watcher: Watcher) {
    this.#session = session;
    this.#setup = setup;
    this.#watcher = watcher;
    this.#epochs.value = String(setup.epochs);
    const tasks: Readonly<Record<(typeof buttons)[number], () => Promise<void>>> = {
      start: () => this.#start(),
      pause: () => this.#pause(),
      stop: () => this.#stop(),
      again: () => this.#again(),
      save: () => this.#save(),
    };
    this.#epochs.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') part('start', HTMLButtonElement).click();
    });
    for (const name of buttons) {
      part(name, HTMLButtonElement).addEventListener('click', () => {
        tasks[name]().catch((error: unknown) => watcher.failed(error));
      });
    }
  }

  get state(): State {
    return this.#state;
  }

  get unsaved(): boolean {
    return this.#unsaved;
  }

  get #epochs(): HTMLInputElement {
    return part('epochs', HTMLInputElement);
  }

  /** A model is there. */
  use({ signature, history, done }: Opened): void {
    const isFirst = this.#charts === undefined;
    this.#charts ??= new Charts(
      part('charts', HTMLElement),
      ['loss', ...signature.metrics],
      this.#setup.validation !== undefined,
    );
    this.#sayAgain();
    this.#advance(done, Number(this.#epochs.value));
    this.#showHistory(history);
    this.#enter('ready');
    if (isFirst && done > 0) this.#goOn().catch((error: unknown) => this.#watcher.failed(error));
  }

  /** The browser kept the training of an earlier visit. */
  async #goOn(): Promise<void> {
    this.#announce(`${this.#whereItStands()}, as this browser kept it${this.#lastScores()}`);
    await this.#findMistakes();
  }

  async #findMistakes(): Promise<void> {
    const found = await this.#session.mistakes();
    if (found && this.#state === 'ready') this.#watcher.mistakes(found);
  }

  /** A model is being made, which takes long where a driver is slow to compile shaders. */
  opening({ kind }: EngineChoice): void {
    this.#saidBefore ??= part('status', HTMLElement).textContent ?? '';
    this.#announce(
      kind === 'wgsl' ? 'getting ready on WebGPU: compiling shaders …' : 'getting ready on WebAssembly …',
    );
    this.#enter('opening');
  }

  /** None could be made. */
  failed(): void {
    this.#sayAgain();
    this.#enter('failed');
  }

  #sayAgain(): void {
    this.#status(this.#saidBefore ?? '');
    this.#saidBefore = undefined;
  }

  async #start(): Promise<void> {
    say(part('fault', HTMLElement), undefined);
    // What broke down is made anew, from the last state that is known.
    if (this.#state === 'failed') await this.#watcher.reopen(false);
    const target = Math.max(1, Math.floor(Number(this.#epochs.value)) || this.#setup.epochs);
    const epochs = target > this.#history.length ? target : this.#history.length + this.#setup.epochs;
    this.#epochs.value = String(epochs);
    if (this.#charts) this.#charts.epochs = epochs;
    this.#enter('training');
    this.#status('warming up …');
    // Messages come by a way of their own, so some may come after the end.
    const run = ++this.#run;
    const current =
      <T extends readonly unknown[]>(told: (...what: T) => void) =>
      (...what: T): void =>
        run === this.#run ? told(...what) : undefined;
    const outcome = await this.#session.train(
      epochs,
      proxy({
        progress: current((now: TrainingProgress) => this.#progress(now)),
        epoch: current((record: EpochRecord, history: History) => this.#epoch(record, history)),
        mistakes: current((found: Mistakes) => this.#watcher.mistakes(found)),
      }),
    );
    this.#run++;
    this.#unsaved = !outcome.kept;
    if (outcome.kind === 'finished') this.#advance(outcome.history.length, epochs);
    this.#showHistory(outcome.history);
    this.#watcher.epoch(outcome.history);
    if (outcome.kind === 'failed') {
      // The model may be of no use any more: it is made anew as it was at the end of the last epoch.
      this.#watcher.failed(new Error(outcome.message));
      const count = outcome.history.length;
      this.#done = count;
      this.#announce(
        `broke off; the model is as it was ${count === 0 ? 'at first' : `after ${epochsText(count)}`}`,
      );
      await this.#watcher.reopen(false);
      return;
    }
    this.#enter('ready');
    this.#announce(`${this.#whereItStands(outcome.kind === 'stopped')}${this.#lastScores()}`);
    this.#watcher.progress();
    await this.#findMistakes();
  }

  #whereItStands(stopped = false): string {
    const { length } = this.#history;
    if (this.#done > length) return `stopped in epoch ${length + 1}`;
    return `${stopped ? 'stopped after' : 'trained for'} ${epochsText(length)}`;
  }

  async #pause(): Promise<void> {
    if (this.#state === 'paused') {
      await this.#session.resume();
      this.#enter('training');
      return;
    }
    await this.#session.pause();
    this.#enter('paused');
    this.#announce(`paused in epoch ${Math.floor(this.#done) + 1}`);
  }

  async #stop(): Promise<void> {
    this.#enter('stopping');
    this.#announce('stopping …');
    await this.#session.stop();
  }

  async #again(): Promise<void> {
    say(part('fault', HTMLElement), undefined);
    this.#done = 0;
    this.#unsaved = false;
    this.#epochs.value = String(this.#setup.epochs);
    await this.#watcher.reopen(true);
  }

  async #save(): Promise<void> {
    const bytes = await this.#session.weights();
    const link = element('a', '');
    link.href = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: 'application/octet-stream' }));
    link.download = `${this.#setup.stem}.safetensors`;
    link.click();
    this.#unsaved = false;
    // The browser has begun to read it by then.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  #progress({ epoch, epochs, batch, batches, recent, left, batchesPerSecond }: TrainingProgress): void {
    this.#advance(epoch - 1 + batch / batches, epochs);
    this.#unsaved = true;
    this.#charts?.add({ at: this.#done, scores: recent });
    if (this.#state !== 'training') return;
    const speed = batchesPerSecond === undefined ? '' : ` · ${figureOf(batchesPerSecond)} batches/s`;
    const rest = left === undefined ? '' : ` · ${duration(left)} left`;
    this.#status(
      `epoch ${epoch} of ${epochs}, batch ${batch} of ${batches} · ${scores(recent)}${speed}${rest}`,
    );
    this.#watcher.progress();
  }

  #advance(done: number, epochs: number): void {
    this.#done = done;
    const bar = part('progress', HTMLProgressElement);
    bar.max = epochs;
    bar.value = done;
  }

  #epoch({ epoch }: EpochRecord, history: History): void {
    this.#showHistory(history);
    say(part('announcement', HTMLElement), `epoch ${epoch} has ended${this.#lastScores()}`);
    this.#watcher.epoch(history);
  }

  #showHistory(history: History): void {
    this.#history = history;
    // Stopped in the first epoch: what has been drawn of it stays.
    if (history.length > 0 || this.#done === 0) this.#charts?.set(history);
    say(part('advice', HTMLElement), adviceOf(history)?.message);
    showTable(part('history', HTMLTableElement), history);
    if (history.length === 0 && this.#done === 0) {
      part('progress', HTMLProgressElement).value = 0;
      this.#status(`not trained yet; ${grouped(this.#setup.train.size)} samples, ${this.#setup.train.what}`);
    }
  }

  #lastScores(): string {
    const last = this.#history.at(-1);
    if (!last) return '';
    const validation = last.validation ? ` · validation ${scores(last.validation)}` : '';
    return ` · training ${scores(last.train)}${validation}`;
  }

  /** Which buttons can be used. */
  #enter(state: State): void {
    this.#state = state;
    const running = state === 'training' || state === 'paused';
    const idle = state === 'ready' || state === 'failed';
    const begun = this.#done > 0 || this.#history.length > 0;
    const enabled: Readonly<Record<(typeof buttons)[number], boolean>> = {
      start: idle,
      pause: running,
      stop: running,
      again: idle && begun,
      save: state !== 'opening' && state !== 'failed',
    };
    this.#enable(enabled);
    this.#epochs.disabled = !idle;
    part('pause', HTMLButtonElement).textContent = state === 'paused' ? 'Go on' : 'Pause';
    const finished = this.#history.length >= Number(this.#epochs.value);
    part('start', HTMLButtonElement).textContent = !begun ? 'Start' : finished ? 'Train further' : 'Continue';
    document.body.dataset['state'] = state;
    this.#watcher.state(state);
  }

  /** A button that is pressed and can no longer be used would lose the keyboard: the next one gets it. */
  #enable(enabled: Readonly<Record<(typeof buttons)[number], boolean>>): void {
    const focused = document.activeElement;
    const lost = buttons.some((name) => part(name, HTMLButtonElement) === focused && !enabled[name]);
    this.#focusNext = lost || (this.#focusNext && focused === document.body);
    for (const name of buttons) part(name, HTMLButtonElement).disabled = !enabled[name];
    const next = (['pause', 'start'] as const).find((name) => enabled[name]);
    if (!this.#focusNext || !next) return;
    this.#focusNext = false;
    part(next, HTMLButtonElement).focus({ preventScroll: true });
  }

  /** The same, also for those who do not see it: not so often. */
  #announce(text: string): void {
    this.#status(text);
    say(part('announcement', HTMLElement), text);
  }

  #status(text: string): void {
    part('status', HTMLElement).textContent = text;
  }
}

const epochsText = (count: number): string => `${count} epoch${count === 1 ? '' : 's'}`;
const figureOf = (value: number): string =>
  value >= 10 ? value.toFixed(0) : figure(Number(value.toPrecision(2)));

function showTable(table: HTMLTableElement, history: History): void {
  const [first] = history;
  if (!first) return table.replaceChildren();
  const columns: readonly (readonly [string, (record: EpochRecord) => Scores | undefined, string])[] = [
    ...Object.keys(first.train).map((name) => [`training ${name}`, trainOf, name] as const),
    ...Object.keys(first.validation ?? {}).map((name) => [`validation ${name}`, validationOf, name] as const),
  ];
  const cell = (kind: 'th' | 'td', text: string): HTMLElement => element(kind, '', text);
  const head = element('tr', '', cell('th', 'epoch'), ...columns.map(([title]) => cell('th', title)));
  const rows = history.map((record) =>
    element(
      'tr',
      '',
      cell('td', String(record.epoch)),
      ...columns.map(([, from, name]) => cell('td', figure(from(record)?.[name] ?? Number.NaN))),
    ),
  );
  table.replaceChildren(element('thead', '', head), element('tbody', '', ...rows));
}

const trainOf = ({ train }: EpochRecord): Scores => train;
const validationOf = ({ validation }: EpochRecord): Scores | undefined => validation;
