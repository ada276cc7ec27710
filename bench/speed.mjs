// Training step and inference of the Keras classifier, beside TensorFlow.js on its `cpu` backend.
import { join } from 'node:path';
import {
  compileModel,
  examples,
  importModule,
  median,
  ms,
  readSafetensors,
  table,
  timed,
} from './support.mjs';

const batch = 32;
const pixels = 28 * 28;

/** Pictures of noise: what they show makes no difference to the time. */
function noise(count) {
  let state = 1;
  return Uint8Array.from({ length: count * pixels }, () => (state = (state * 48271) % 2147483647) & 255);
}

export async function speed() {
  const { createModel } = await importModule(
    compileModel({ path: join(examples, 'keras_classifier.cnn') }, { kernels: 'ts' }),
  );
  const model = await createModel({ seed: 1 });
  const { kerasClassifier } = await import('./tfjs.mjs');
  const peer = await kerasClassifier(readSafetensors(await model.saveWeights()));

  const image = noise(batch);
  const truth = Float32Array.from({ length: batch }, (_, i) => i % 2);
  const one = image.subarray(0, pixels);

  const ours = (await model.predict({ image })).digit;
  const theirs = peer.predict(image);
  const difference = Math.max(...theirs.map((value, i) => Math.abs(value - ours[i])));
  if (!(difference < 1e-4)) throw new Error(`the predictions differ by ${difference}`);

  await timed(200, () => model.predict({ image: one }));
  const inference = median(await timed(500, () => model.predict({ image: one })));
  await timed(5, () => peer.predict(one));
  const peerInference = median(await timed(30, () => peer.predict(one)));

  // A step's time from batch to batch inside fit: reading the data is part of it. The first three warm up.
  const steps = 23;
  const stamps = [];
  const data = {
    image: noise(batch * steps),
    truth: Float32Array.from({ length: batch * steps }, (_, i) => i % 2),
  };
  const losses = [];
  await model.fit(data, {
    epochs: 1,
    shuffle: false,
    onBatchEnd({ scores }) {
      stamps.push(performance.now());
      losses.push(scores.loss);
    },
  });
  const step = median(stamps.slice(3).map((stamp, i) => stamp - stamps[i + 2]));
  const peerLosses = [];
  const peerStep = median(await timed(3, async () => peerLosses.push(await peer.step(image, truth))));
  // Both begin with the same weights and the same batch.
  if (!(Math.abs(losses[0] - peerLosses[0]) < 1e-4))
    throw new Error(`losses: ${losses[0]}, ${peerLosses[0]}`);

  table(
    `Keras classifier, one thread; predictions of both differ by at most ${difference.toExponential(1)}`,
    ['', 'cnnc ts', 'tfjs 4.22 cpu', 'ratio', 'aim'],
    [
      [`training step, batch ${batch}`, ms(step), ms(peerStep), (peerStep / step).toFixed(1), '>= 20'],
      [
        'inference, batch 1',
        ms(inference),
        ms(peerInference),
        (peerInference / inference).toFixed(1),
        '>= 3',
      ],
    ],
  );
  await model.dispose();
}
