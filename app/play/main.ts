/** The page of `cnnc play`. */
import { wrap } from 'comlink';
import type { Remote } from 'comlink';
import type { History } from '../../runtime/types.ts';
import type { Setup } from '../../compiler/cli/play/setup.ts';
import { grouped } from '../../compiler/cli/text.ts';
import { EnginePicker } from './engine-picker.ts';
import { part, say } from './page.ts';
import type { Offer, Opened } from './protocol.ts';
import type { Session } from './session.ts';
import { Trainer } from './trainer.ts';
import { Trial } from './trial.ts';
import { WrongPictures } from './wrong.ts';

/** Milliseconds between two looks at a sample while training goes on. */
const refreshEvery = 500;

const fault = (error: unknown): void =>
  say(part('fault', HTMLElement), error instanceof Error ? error.message : String(error));

/** Brings the parts of the page together: what one of them does, the others show. */
class Page {
  readonly #session: Remote<Session>;
  readonly #setup: Setup;
  readonly #picker: EnginePicker;
  readonly #trial: Trial;
  readonly #trainer: Trainer;
  #wrong: WrongPictures | undefined;
  #refreshed = 0;

  constructor(session: Remote<Session>, setup: Setup, offer: Offer) {
    this.#session = session;
    this.#setup = setup;
    this.#picker = new EnginePicker(offer, () => {
      say(part('fault', HTMLElement), undefined);
      this.open(false).catch(fault);
    });
    this.#trial = new Trial(session, setup, fault);
    this.#trainer = new Trainer(session, setup, {
      state: (state) => this.#picker.enable(state === 'ready' || state === 'failed'),
      progress: () => this.#progress(),
      epoch: (history: History) => {
        this.#trial.untrained = history.length === 0 && !setup.weights;
        this.#trial.refresh();
      },
      mistakes: (found) => this.#wrong?.show(found),
      failed: fault,
      reopen: (anew) => this.open(anew),
    });
    // What this epoch has taught the model is in the page alone.
    addEventListener('beforeunload', (event) => {
      const { state, unsaved } = this.#trainer;
      if (state === 'training' || state === 'paused' || unsaved) event.preventDefault();
    });
  }

  async open(anew: boolean): Promise<void> {
    const [setup, trainer, trial] = [this.#setup, this.#trainer, this.#trial];
    trainer.opening(this.#picker.choice);
    trial.close();
    let opened: Opened;
    try {
      opened = await this.#session.open(this.#picker.choice, anew);
    } catch (error) {
      fault(error);
      return this.#picker.fallBack() ? this.open(anew) : trainer.failed();
    }
    this.#picker.say(opened);
    part('about', HTMLElement).textContent = `${grouped(setup.parameters)} parameters · ${opened.engine}`;
    trial.untrained = opened.done === 0 && !setup.weights;
    this.#wrong ??= new WrongPictures(setup, opened.signature.inputs, ({ inputs, truth }, caption) => {
      trial.show(inputs, caption, truth);
      part('try', HTMLElement).scrollIntoView({ block: 'nearest' });
    });
    if (opened.history.length === 0) this.#wrong.clear();
    trainer.use(opened);
    await trial.use(opened);
  }

  #progress(): void {
    this.#trial.untrained = false;
    const early = performance.now() - this.#refreshed < refreshEvery;
    if (this.#trainer.state === 'training' && (early || document.hidden)) return;
    this.#refreshed = performance.now();
    this.#trial.refresh(false);
  }
}

async function start(): Promise<void> {
  const setup = (await (await fetch('/play.json')).json()) as Setup;
  part('model', HTMLElement).textContent = setup.model;
  document.title = `${setup.model} · cnnc play`;
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'model' });
  worker.addEventListener('error', (event) =>
    fault(event.message || 'the worker of this page does not start'),
  );
  const session = wrap<Session>(worker);
  await new Page(session, setup, await session.begin(setup)).open(false);
}

start().catch(fault);
