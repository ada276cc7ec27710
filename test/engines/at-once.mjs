// Work on all cores. Also makes V8 optimize only what is truly hot: most of the compiler runs once here, and most of its time
// would go into optimizing it. Processes that are started from here keep what is usual for them.
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--interrupt-budget=800000');

/**
 * `run(task, cores)` gives what a task gives, which keeps so many cores busy, 1 if nothing is said; as many run at a time as
 * there are cores for, in the order in which they come.
 */
export function onAllCores() {
  const all = availableParallelism();
  let free = all;
  const waiting = [];
  const next = () => {
    while (waiting.length > 0 && waiting[0].cores <= free) {
      const { cores, start } = waiting.shift();
      free -= cores;
      start().finally(() => {
        free += cores;
        next();
      });
    }
  };
  return (task, cores = 1) =>
    new Promise((resolve, reject) => {
      waiting.push({ cores: Math.min(cores, all), start: () => task().then(resolve, reject) });
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
