import type { Progress } from '../../runtime/types.ts';

/** The time that training takes without its pauses, and the gate that holds it back. */
export class Clock {
  #began = 0;
  #pausedAt: number | undefined;
  /** Batches that were done when the clock started. */
  #before: number | undefined;
  #go: (() => void) | undefined;
  /** Settled while training may go on. */
  running: Promise<void> = Promise.resolve();

  begin(): void {
    this.#before = undefined;
    this.resume();
  }

  /** After each batch; the first one warms up, and the clock starts behind it. */
  step(now: Progress): void {
    if (this.#before !== undefined) return;
    this.#before = batchesDone(now);
    this.#began = performance.now();
  }

  pause(): void {
    if (this.#go) return;
    this.#pausedAt = performance.now();
    this.running = new Promise((go) => (this.#go = go));
  }

  resume(): void {
    if (this.#pausedAt !== undefined) this.#began += performance.now() - this.#pausedAt;
    this.#pausedAt = undefined;
    this.#go?.();
    this.#go = undefined;
    this.running = Promise.resolve();
  }

  /** Seconds left, from all batches since the start; nothing while there was only one. */
  speed(now: Progress): { readonly left?: number; readonly batchesPerSecond?: number } {
    const done = batchesDone(now) - (this.#before ?? 0);
    const seconds = (performance.now() - this.#began) / 1000;
    if (done <= 0 || seconds <= 0) return {};
    const rest = now.epochs * now.batches - batchesDone(now);
    return { left: (rest * seconds) / done, batchesPerSecond: done / seconds };
  }
}

const batchesDone = ({ epoch, batch, batches }: Progress): number => (epoch - 1) * batches + batch;
