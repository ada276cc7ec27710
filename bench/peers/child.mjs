// One peer in a process of its own: JSON lines in on stdin, out on descriptor 3. What the peer itself prints goes elsewhere.
//
//   { do: 'open', task }   → { about }               loads the model; of a task with `gpu`: on Dawn, until the first result
//   { do: 'check' }        → { values, ms, counts }  its outputs, or the losses of the first steps; what that took
//   { do: 'batch', ms }    → { calls, ms }           as many calls as fill the time, at least one
//   { do: 'count' }        → { dispatches, … }       what one call asks of a GPU
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { clock, counted, openGpu } from './gpu.mjs';

const peers = {
  cnnc: './cnnc.mjs',
  'onnxruntime-web': './onnxruntime.mjs',
  'onnxruntime-node': './onnxruntime.mjs',
  'tfjs-wasm': './tfjs.mjs',
  'tfjs-cpu': './tfjs.mjs',
  'tfjs-webgpu': './tfjs.mjs',
  'jax-js': './jax.mjs',
  'jax-js-webgpu': './jax.mjs',
};

let peer;
const answer = (message) => writeSync(3, `${JSON.stringify(message)}\n`);

async function handle({ do: verb, task, ms }) {
  if (verb === 'open') {
    const opened = task.gpu ? await openGpu() : {};
    const { open } = await import(peers[task.peer]);
    peer = await open(task);
    if (!task.gpu) return { about: peer.about, ...peer.more };
    await peer.run();
    return { about: peer.about, ...opened, first: performance.now() - peer.began, ...peer.more };
  }
  if (verb === 'count') return count();
  if (verb === 'check') return check();
  if (peer.batch) return peer.batch(ms);
  const began = clock();
  let calls = 0;
  let elapsed = 0;
  do {
    await peer.run();
    calls++;
    elapsed = clock() - began;
  } while (elapsed < ms);
  return { calls, ms: elapsed };
}

/** What is counted while `work` runs. */
async function counting(work) {
  const before = counted();
  await work();
  const { peak, ...after } = counted();
  return { ...mapped(after, (value, name) => value - before[name]), peak };
}

const mapped = (counts, to) =>
  Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, to(value, name)]));

async function check() {
  const began = clock();
  let values;
  const counts = await counting(async () => (values = [...(await peer.check())]));
  return { values, ms: clock() - began, counts };
}

/** Of one call. What does something once for several is counted by the difference between three and one. */
async function count() {
  if (!peer.calls) return counting(() => peer.run());
  const one = await counting(() => peer.calls(1));
  const { peak, ...three } = await counting(() => peer.calls(3));
  return { ...mapped(three, (value, name) => (value - one[name]) / 2), peak };
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    answer(await handle(JSON.parse(line)));
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) });
  }
}
process.exit(0);
