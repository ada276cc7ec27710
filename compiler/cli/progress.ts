/** How far training is: a bar that moves on a terminal, a line now and then elsewhere. */
import { SingleBar } from 'cli-progress';
import type { Progress } from '../../runtime/types.ts';
import type { Io } from './io.ts';
import { duration, scores } from './text.ts';

export interface TrainingProgress {
  update(progress: Progress): void;
  /** Makes room for other output; the next update draws again. */
  clear(): void;
}

/** Seconds between two lines where there is no terminal. */
const lineEvery = 10;

export function trainingProgress(io: Io): TrainingProgress {
  let begin: { readonly time: number; readonly done: number } | undefined;
  const left = ({ epoch, epochs, batch, batches }: Progress): string => {
    const done = (epoch - 1) * batches + batch;
    // The first batch seen may be in the middle of a resumed run, and includes warming up: the clock starts after it.
    begin ??= { time: performance.now(), done };
    const rate = (performance.now() - begin.time) / Math.max(1, done - begin.done);
    return done === begin.done ? '' : `${duration((rate * (epochs * batches - done)) / 1000)} left`;
  };
  return io.terminal ? bars(io, left) : lines(io, left);
}

function bars(io: Io, left: (progress: Progress) => string): TrainingProgress {
  let shown: SingleBar | undefined;
  return {
    update(progress) {
      if (!shown) {
        shown = new SingleBar({
          format: 'epoch {epoch} {bar} {percentage}%  {scores}  {left}',
          stream: io.stream,
          barsize: 24,
          barCompleteChar: '█',
          barIncompleteChar: '░',
          hideCursor: null,
          clearOnComplete: true,
          gracefulExit: false,
          linewrap: true,
        });
        shown.start(progress.batches, progress.batch, payload(progress, left(progress)));
      }
      shown.update(progress.batch, payload(progress, left(progress)));
    },
    clear() {
      shown?.stop();
      shown = undefined;
    },
  };
}

function payload(progress: Progress, left: string): object {
  return { epoch: `${progress.epoch}/${progress.epochs}`, scores: scores(progress.scores), left };
}

function lines(io: Io, left: (progress: Progress) => string): TrainingProgress {
  let last = performance.now();
  return {
    update(progress) {
      const rest = left(progress);
      const now = performance.now();
      if (now - last < lineEvery * 1000) return;
      last = now;
      const place = `epoch ${progress.epoch}/${progress.epochs}, batch ${progress.batch}/${progress.batches}`;
      io.err(`${place}  ${scores(progress.scores)}${rest === '' ? '' : `  ${rest}`}\n`);
    },
    clear: () => undefined,
  };
}
