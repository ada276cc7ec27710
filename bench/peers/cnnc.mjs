// Ours: the emitted JavaScript module, as an application would import it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { channelsFirst, labelsOf, pictures, scaled } from '../cases.mjs';
import { compileModel, examples, importModule } from '../support.mjs';
import { write } from './files.mjs';
import { clock } from './gpu.mjs';

/** Makes the inputs that all others read, too. */
export async function open({
  model,
  kind,
  folder,
  batch,
  size,
  kernels,
  fast,
  threads,
  weights,
  gpu,
  features,
}) {
  // Peers are given the same pictures in each step.
  const edit = (text) => text.replace(/^ *augment .*$/m, '');
  const compiled = compileModel(
    { path: join(examples, `${model}.cnn`), edit },
    {
      ...(gpu
        ? { target: 'wgsl', language: 'js', batchSize: batch, ...(features && { features }) }
        : { kernels }),
      inference: kind === 'infer',
      set: { ...(kind === 'step' && { batch_size: String(batch) }), ...(size && { size: String(size) }) },
    },
  );
  const { createModel, signature } = await importModule(compiled);
  const [input] = signature.inputs;
  const [output] = signature.outputs;
  const images = pictures(input, batch);
  const nhwc = scaled(images);
  const classes = Math.max(2, output.shape.at(-1));
  const truth = labelsOf(classes, batch);
  write(join(folder, `${kind}.nhwc`), nhwc);
  write(join(folder, `${kind}.nchw`), channelsFirst(nhwc, input.shape));
  write(join(folder, `${kind}.labels`), truth);
  const file = weights && readFileSync(weights);
  const options = { ...(file ? { weights: file } : { seed: 1 }), ...(!gpu && { fast, threads }) };
  const began = performance.now();
  const instance = await createModel(options);
  const { target, reason } = instance.info;
  const words = [fast && 'fast', features?.join(' '), threads > 1 && `${threads} threads`, gpu && reason];
  const about = ['cnnc', target, ...words].filter(Boolean).join(' ');
  const more = { shape: input.shape, classes, batch };
  if (kind === 'infer') {
    const inputs = { [input.name]: images };
    return {
      about,
      began,
      more,
      check: async () => (await instance.predict(inputs))[output.name],
      run: () => instance.predict(inputs),
    };
  }
  const [label] = signature.labels;
  const once = {
    [input.name]: images,
    [label.name]: label.dtype === 'f32' ? Float32Array.from(truth) : truth,
  };
  const train = (steps, onBatchEnd) =>
    instance.fit(repeated(once, steps), { epochs: 1, shuffle: false, onBatchEnd });
  let perStep = 10;
  return {
    about,
    began,
    more,
    run: () => train(1),
    /** Also what `fit` does once. */
    calls: (count) => train(count),
    async check() {
      const losses = [];
      await train(4, ({ scores, batch: done }) => losses.push([scores.loss, done]));
      // `scores` is the mean of the epoch so far.
      return losses.map(
        ([mean, done], i) => mean * done - (i === 0 ? 0 : losses[i - 1][0] * losses[i - 1][1]),
      );
    },
    /** From the end of one step to the end of another: `fit` begins with a step whose time does not count. */
    async batch(ms) {
      const steps = Math.max(2, Math.min(200, Math.ceil(ms / perStep) + 1));
      const stamps = [];
      await train(steps, () => void stamps.push(clock()));
      const elapsed = stamps.at(-1) - stamps[0];
      perStep = elapsed / (steps - 1);
      return { calls: steps - 1, ms: elapsed };
    },
  };
}

/** The same batch again and again. */
function repeated(batch, steps) {
  return Object.fromEntries(
    Object.entries(batch).map(([name, values]) => {
      const all = new values.constructor(values.length * steps);
      for (let i = 0; i < steps; i++) all.set(values, i * values.length);
      return [name, all];
    }),
  );
}
