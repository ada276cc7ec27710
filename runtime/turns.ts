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
  const { setImmediate, MessageChannel: Channel } = globalThis as unknown as {
    setImmediate?: (run: () => void) => unknown;
    MessageChannel: new () => Record<
      'port1' | 'port2',
      { onmessage: () => void; postMessage(message: number): void; close(): void }
    >;
  };
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    // Not setTimeout: browsers make nested timers wait at least 4 ms.
    const { port1, port2 } = new Channel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** Milliseconds of kernels after which the event loop gets its turn. */
const slice = 20;

/** Keeps the time between two runs of the event loop short without asking for one after every kernel. */
export class Pace {
  #since = 0;
  #last = 0;

  /** Before the first kernel of a call: the event loop has run if no kernel did for a while. */
  begin(): void {
    const now = performance.now();
    if (now - this.#last > slice) this.#since = now;
    this.#last = now;
  }

  /** After a kernel: a promise when it is time to let the event loop run. */
  due(): Promise<void> | undefined {
    this.#last = performance.now();
    return this.#last - this.#since < slice ? undefined : this.#rest();
  }

  async #rest(): Promise<void> {
    await breathe();
    this.#since = this.#last = performance.now();
  }
}
