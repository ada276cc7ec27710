/** The page of `cnnc play`. */
import { wrap } from 'comlink';
import type { History } from '../../runtime/types.ts';
import type { Setup } from '../../compiler/cli/play/setup.ts';
import { grouped } from '../../compiler/cli/text.ts';
import { EnginePicker } from './engine-picker.ts';
import { part, say } from './page.ts';
import type { Opened } from './protocol.ts';
import type { Session } from './session.ts';
import { Trainer } from './trainer.ts';
import { Trial } from './trial.ts';
import { WrongPictures } from './wrong.ts';

/** Milliseconds between two looks at a sample while training goes on. */
const refreshEvery = 500;

const fault = (error: unknown): void =>
  say(part('fault', HTMLElement), error instanceof Error ? error.message : String(error));

async function start(): Promise<void> {
  const setup = (await (await fetch('/play.json')).json()) as Setup;
  part('model', HTMLElement).textContent = setup.model;
  document.title = `${setup.model} · cnnc play`;
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'model' });
  worker.addEventListener('error', (event) =>
    fault(event.message || 'the worker of this page does not start'),
  );
  const session = wrap<Session>(worker);
  const offer = await session.begin(setup);

  const picker = new EnginePicker(offer, () => {
    say(part('fault', HTMLElement), undefined);
    open(false).catch(fault);
  });
  const trial = new Trial(session, setup, fault);
  let wrong: WrongPictures | undefined;
  let refreshed = 0;
  const trainer = new Trainer(session, setup, {
    state: (state) => picker.enable(state === 'ready' || state === 'failed'),
    progress() {
      trial.untrained = false;
      const early = performance.now() - refreshed < refreshEvery;
      if (trainer.state === 'training' && (early || document.hidden)) return;
      refreshed = performance.now();
      trial.refresh(false);
    },
    epoch(history: History) {
      trial.untrained = history.length === 0 && !setup.weights;
      trial.refresh();
    },
    mistakes: (found) => wrong?.show(found),
    failed: fault,
    reopen: (anew) => open(anew),
  });

  async function open(anew: boolean): Promise<void> {
    trainer.opening();
    trial.close();
    let opened: Opened;
    try {
      opened = await session.open(picker.choice, anew);
    } catch (error) {
      fault(error);
      return picker.fallBack() ? open(anew) : trainer.failed();
    }
    picker.say(opened);
    part('about', HTMLElement).textContent = `${grouped(setup.parameters)} parameters · ${opened.engine}`;
    trial.untrained = opened.history.length === 0 && !setup.weights;
    wrong ??= new WrongPictures(setup, opened.signature.inputs, ({ inputs, truth }, caption) => {
      trial.show(inputs, caption, truth);
      part('try', HTMLElement).scrollIntoView({ block: 'nearest' });
    });
    if (opened.history.length === 0) wrong.clear();
    trainer.use(opened);
    await trial.use(opened);
  }

  // What has been trained is in the page alone.
  addEventListener('beforeunload', (event) => {
    if (trainer.state === 'training' || trainer.state === 'paused' || trainer.unsaved) event.preventDefault();
  });
  await open(false);
}

start().catch(fault);
