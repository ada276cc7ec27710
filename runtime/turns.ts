/** Calls on one model take turns: each task begins when the one before has ended, well or badly. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(task: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Lets the event loop run: timers, input, painting. */
function breathe(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    // Not setTimeout: browsers make nested timers wait at least 4 ms.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** Keeps the time between two runs of the event loop short without asking for one after every kernel. */
export class Pace {
  #since = performance.now();

  /** A promise when it is time to let the event loop run. */
  due(): Promise<void> | undefined {
    return performance.now() - this.#since < 20 ? undefined : this.#rest();
  }

  async #rest(): Promise<void> {
    await breathe();
    this.#since = performance.now();
  }
}
