// One peer in a process of its own: JSON lines in on stdin, out on descriptor 3. What the peer itself prints goes elsewhere.
//
//   { do: 'open', task }   → { about }            loads the model; of a task with `gpu`: on Dawn, until the first result
//   { do: 'check' }        → { values }           its outputs, or the losses of the first steps
//   { do: 'batch', ms }    → { calls, ms }        as many calls as fill the time, at least one
//   { do: 'count' }        → { dispatches, … }    what one call asks of a GPU
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { counted, openGpu } from './gpu.mjs';

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
    const adapter = task.gpu ? await openGpu() : undefined;
    const { open } = await import(peers[task.peer]);
    peer = await open(task);
    if (!task.gpu) return { about: peer.about, ...peer.more };
    await peer.run();
    return { about: peer.about, adapter, first: performance.now() - peer.began, ...peer.more };
  }
  if (verb === 'count') return count();
  if (verb === 'check') return { values: [...(await peer.check())] };
  if (peer.batch) return peer.batch(ms);
  const began = performance.now();
  let calls = 0;
  let elapsed = 0;
  do {
    await peer.run();
    calls++;
    elapsed = performance.now() - began;
  } while (elapsed < ms);
  return { calls, ms: elapsed };
}

/** Of one call: the difference between three and one, as a call may do more the first time. */
async function count() {
  const calls = async (number) => {
    const before = counted();
    if (peer.calls) await peer.calls(number);
    else for (let i = 0; i < number; i++) await peer.run();
    const after = counted();
    return Object.fromEntries(
      Object.entries(after).map(([name, value]) => [name, name === 'peak' ? value : value - before[name]]),
    );
  };
  const [one, three] = [await calls(1), await calls(3)];
  return Object.fromEntries(
    Object.entries(three).map(([name, value]) => [name, name === 'peak' ? value : (value - one[name]) / 2]),
  );
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    answer(await handle(JSON.parse(line)));
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) });
  }
}
process.exit(0);
