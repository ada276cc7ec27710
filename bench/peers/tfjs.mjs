// TensorFlow.js on its `wasm` (SIMD, one thread) or `cpu` backend; the models are written with its layers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors, root } from '../support.mjs';
import { readFloats, readIntegers } from './files.mjs';

async function load(backend) {
  const tf = await import('@tensorflow/tfjs-core');
  if (backend === 'wasm') {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(join(root, 'bench/node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/'));
  } else await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend(backend);
  const { layers, sequential } = await import('@tensorflow/tfjs-layers');
  return { tf, layers, sequential };
}

/** The layers of a model, and the names of those that have weights. */
const architectures = {
  keras_classifier: (layers) => [
    layers.conv2d({ inputShape: [28, 28, 1], filters: 32, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 128, activation: 'relu' }),
    layers.dense({ units: 1, activation: 'sigmoid' }),
  ],
  lenet5: (layers) => [
    layers.conv2d({
      inputShape: [28, 28, 1],
      filters: 6,
      kernelSize: 5,
      padding: 'same',
      activation: 'relu',
    }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 120, activation: 'relu' }),
    layers.dense({ units: 84, activation: 'relu' }),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
};

const weighted = {
  keras_classifier: ['conv2d', 'conv2d_1', 'dense', 'dense_1'],
  lenet5: ['conv2d', 'conv2d_1', 'dense', 'dense_1', 'head'],
};

export async function open({ peer, model: name, kind, folder, shape, batch, weights }) {
  const architecture = architectures[name];
  if (!architecture) throw new Error('this model is not written for it here');
  const { tf, layers, sequential } = await load(peer.slice('tfjs-'.length));
  const model = sequential({ layers: architecture(layers) });
  model.compile({
    optimizer: 'adam',
    loss: name === 'keras_classifier' ? 'binaryCrossentropy' : 'sparseCategoricalCrossentropy',
  });
  const values = readSafetensors(readFileSync(weights));
  const order = weighted[name].flatMap((layer) => [`${layer}.kernel`, `${layer}.bias`]);
  model.setWeights(order.map((key) => tf.tensor(values[key].data, values[key].shape)));
  const x = tf.tensor(readFloats(join(folder, `${kind}.nhwc`)), [batch, ...shape]);
  const about = `tfjs ${tf.version_core} ${tf.getBackend()}`;
  if (kind === 'infer') {
    const run = async () => tf.tidy(() => model.predict(x, { batchSize: batch }).dataSync());
    return { about, check: run, run };
  }
  const y = tf.tensor(Float32Array.from(readIntegers(join(folder, 'step.labels'))), [batch, 1]);
  const step = async () => model.trainOnBatch(x, y);
  return { about, check: async () => [await step(), await step()], run: step };
}
