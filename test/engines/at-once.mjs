// Work on all cores. Also makes V8 optimize only what is truly hot: most of the compiler runs once here, and most of its time
// would go into optimizing it. Processes that are started from here keep what is usual for them.
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--interrupt-budget=800000');

/** `run(task)` gives what a task gives; as many run at a time as there are cores, in the order in which they come. */
export function onAllCores() {
  let free = availableParallelism();
  const waiting = [];
  const next = () => {
    if (free === 0 || waiting.length === 0) return;
    free--;
    waiting
      .shift()()
      .finally(() => {
        free++;
        next();
      });
  };
  return (task) =>
    new Promise((resolve, reject) => {
      waiting.push(() => task().then(resolve, reject));
      next();
    });
}

/** Results of all tasks, of which two run at a time: one works here while the processes of the other do. */
export async function twoAtOnce(tasks) {
  const results = [];
  let next = 0;
  const work = async () => {
    while (next < tasks.length) {
      const i = next++;
      results[i] = await tasks[i]();
    }
  };
  await Promise.all([work(), work()]);
  return results;
}
