import type { Launch } from './program.ts';

/** Runs kernels so that the event loop has its turn in between. */
export class Pace {
  #worked = 0;
  #rested = 0;

  /** A call begins. */
  begin(): void {
    // No kernel ran for a while, so the event loop did.
    if (performance.now() - this.#worked > 12) this.#rested = performance.now();
  }

  /** Runs kernels, long ones in parts of some milliseconds; gives the milliseconds that they took. */
  async launch(launches: readonly Launch[], samples: number): Promise<number> {
    let took = 0;
    for (const { run, parts = 1, each = 1 } of launches) {
      const count = (parts === 'N' ? samples : parts) * each;
      for (let start = 0, size = 1; start < count;) {
        const end = Math.min(start + size, count);
        const began = performance.now();
        run(samples, start, end);
        const isDue = this.worked();
        took += this.#worked - began;
        if (this.#worked - began < 4) size *= 2;
        start = end;
        if (isDue) await this.rest();
      }
    }
    return took;
  }

  /** Kernels ran until now: whether a rest is due. */
  worked(): boolean {
    this.#worked = performance.now();
    return this.#worked - this.#rested > 12;
  }

  /** Lets timers, input and painting have their turn. In browsers, setTimeout could take 4 ms. */
  async rest(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    await new Promise((resolve) => {
      Object.assign(port1, { onmessage: resolve });
      port2.postMessage(0);
    });
    port1.close();
    this.#rested = performance.now();
  }
}
