// What is asked of an engine that has WebGPU: tasks by name, each with the engine's `navigator.gpu` and an argument. The
// results are plain JSON.
import { disjointRanges, dispatch, problemsOf } from './shader.mjs';
import { dataFor } from './train.mjs';

async function withDevice(gpu, work) {
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('there is no adapter');
  const requiredFeatures = ['shader-f16', 'subgroups'].filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredFeatures });
  try {
    return await work(device);
  } finally {
    device.destroy();
  }
}

/** Makes all kernels `gain` times as large, so that what a deep net gives still depends on what it is given. */
async function amplify(model, gain) {
  const file = await model.saveWeights();
  const start = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, start)));
  for (const [name, { data_offsets: offsets }] of Object.entries(header)) {
    if (!name.endsWith('kernel')) continue;
    const [from, to] = offsets.map((offset) => start + offset);
    const values = new Float32Array(file.slice(from, to).buffer).map((value) => value * gain);
    file.set(new Uint8Array(values.buffer), from);
  }
  await model.loadWeights(file);
}

/** The numbers that a model gives for noise, and the losses of training on it: one per epoch. */
export async function useModel({ createModel, signature }, options, { samples, training, gain }) {
  const model = await createModel({ seed: 1, ...options });
  if (gain) await amplify(model, gain);
  const millisecondsOf = async (work) => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  let outputs = {};
  let history = [];
  const inputs = dataFor({ inputs: signature.inputs, labels: [] }, samples);
  // Pipelines compile in the first call.
  const first = await millisecondsOf(() => model.predict(inputs));
  const predict = await millisecondsOf(async () => (outputs = await model.predict(inputs)));
  let fit = 0;
  if (training) {
    const data = dataFor(signature, training.samples);
    const { epochs } = training;
    fit = await millisecondsOf(async () => (history = await model.fit(data, { epochs, shuffle: false })));
  }
  const { target, adapter = '', precision } = model.info;
  await model.dispose();
  return {
    target,
    adapter,
    precision,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, [...values]])),
    losses: history.map(({ train }) => train.loss),
    milliseconds: { first, predict, fit },
  };
}

export const tasks = {
  /** Its name, features and limits. */
  async adapter(gpu) {
    const adapter = await gpu.requestAdapter();
    if (!adapter) throw new Error('there is no adapter');
    const { vendor, architecture, device, description } = adapter.info;
    return {
      name: [vendor, architecture, device, description].filter((text) => text).join(' '),
      features: [...adapter.features],
    };
  },
  ranges: (gpu) => withDevice(gpu, disjointRanges),
  /** What is wrong with shaders, `{ name, code }`. */
  problems: (gpu, shaders) => withDevice(gpu, (device) => problemsOf(device, shaders)),
  /** Dispatches one after the other, their arenas as text with a character for each byte; gives what these hold then. */
  dispatches: (gpu, jobs) =>
    withDevice(gpu, async (device) => {
      const results = [];
      for (const job of jobs) {
        const arenas = job.arenas.map((text) => Uint8Array.from(text, (byte) => byte.charCodeAt(0)));
        const contents = await dispatch(device, { ...job, arenas });
        results.push(
          contents.map((bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')),
        );
      }
      return results;
    }),
  /** `url` is that of the module. */
  model: async (gpu, { url, ...job }) => useModel(await import(url), { gpu }, job),
};
