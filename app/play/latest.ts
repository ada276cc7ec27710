/**
 * Does a piece of work again and again, one at a time: what comes while it runs makes it run once more, not once each. At
 * least `pause` milliseconds lie between two runs.
 */
export function latest(
  work: () => Promise<void>,
  pause: number,
  failed: (error: unknown) => void,
): () => void {
  let [running, again] = [false, false];
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      try {
        await work();
      } catch (error) {
        failed(error);
      }
      await new Promise((done) => setTimeout(done, pause));
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void run();
  };
}
