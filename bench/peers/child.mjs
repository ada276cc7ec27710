// One peer in a process of its own: JSON lines in on stdin, out on descriptor 3. What the peer itself prints goes elsewhere.
//
//   { do: 'open', task }   → { about }            loads the model and runs it once
//   { do: 'check' }        → { values }           its outputs, or the losses of the first steps
//   { do: 'batch', ms }    → { calls, ms }        as many calls as fill the time, at least one
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const peers = {
  cnnc: './cnnc.mjs',
  'onnxruntime-web': './onnxruntime.mjs',
  'onnxruntime-node': './onnxruntime.mjs',
  'tfjs-wasm': './tfjs.mjs',
  'tfjs-cpu': './tfjs.mjs',
  'jax-js': './jax.mjs',
};

let peer;
const answer = (message) => writeSync(3, `${JSON.stringify(message)}\n`);

async function handle({ do: verb, task, ms }) {
  if (verb === 'open') {
    const { open } = await import(peers[task.peer]);
    peer = await open(task);
    return { about: peer.about, ...peer.more };
  }
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

for await (const line of createInterface({ input: process.stdin })) {
  try {
    answer(await handle(JSON.parse(line)));
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) });
  }
}
process.exit(0);
