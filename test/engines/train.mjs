// Trains a generated module on fixed data, in whatever engine this runs in. Imports nothing.

/** Numbers in [0, 1) of which every engine makes the same: a Lehmer generator, whose products are exact in doubles. */
function randomNumbers(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 0x7fffffff) / 0x80000000;
}

const arrayTypes = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array, bool: Uint8Array };

/** Noise in which the class of each sample can be seen: its pictures are brighter, or its numbers greater. */
export function dataFor({ inputs, labels }, samples) {
  const random = randomNumbers(7);
  const array = ({ name, dtype, shape }, value) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return [
      name,
      arrayTypes[dtype].from({ length: samples * size }, (_, i) => value(Math.floor(i / size), dtype)),
    ];
  };
  return Object.fromEntries([
    ...inputs.map((port) =>
      array(port, (sample, dtype) => (random() + (sample % 2)) * (dtype === 'f32' ? 1 : 120)),
    ),
    ...labels.map((port) => array(port, (sample) => sample % 2)),
  ]);
}

const hex = (bytes) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * The SHA-256 of the weights after training, the loss of each epoch, and what the engine says of itself.
 * `samples` of data are shown `epochs` times, in batches of what the module was compiled for.
 */
export async function train({ createModel, signature }, { samples, epochs, threads, fast }) {
  const model = await createModel({ seed: 1, ...(threads > 1 && { threads }), ...(fast && { fast }) });
  const began = performance.now();
  let steps = 0;
  const history = await model.fit(dataFor(signature, samples), { epochs, onBatchEnd: () => void steps++ });
  const seconds = (performance.now() - began) / 1000;
  const weights = await model.saveWeights();
  const { target, threads: running, fast: fused = false, reason = '' } = model.info;
  await model.dispose();
  return {
    sha256: hex(await crypto.subtle.digest('SHA-256', weights)),
    steps,
    losses: history.map(({ train: { loss } }) => loss),
    target,
    threads: running,
    fast: fused,
    reason,
    seconds,
  };
}
