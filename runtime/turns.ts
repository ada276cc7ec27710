/** Milliseconds of kernels after which the event loop gets its turn. */
const slice = 20;

/** The calls on one model take turns, and leave time for the event loop. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #rested = 0;
  #worked = 0;

  /** Runs `task` when those before have ended, well or badly. */
  take<T>(task: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      const now = performance.now();
      if (now - this.#worked > slice) this.#rested = now;
      this.#worked = now;
      return task();
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /** After a kernel: a promise if it is time for timers, input and painting. */
  rest(): Promise<void> | undefined {
    this.#worked = performance.now();
    return this.#worked - this.#rested < slice ? undefined : this.#breathe();
  }

  async #breathe(): Promise<void> {
    // Not setTimeout: browsers make timers within timers wait 4 ms.
    const { port1, port2 } = new MessageChannel();
    await new Promise<void>((resolve) => {
      Object.assign(port1, { onmessage: () => resolve() });
      port2.postMessage(0);
    });
    port1.close();
    this.#rested = this.#worked = performance.now();
  }
}
