// TensorFlow.js on its `wasm` (SIMD, one thread), `cpu` or `webgpu` backend.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors, root } from '../support.mjs';
import { architectures, pixelDeviation, pixelMean, weightsOf } from './architectures.mjs';
import { readFloats, readIntegers } from './files.mjs';

const packages = {
  wasm: '@tensorflow/tfjs-backend-wasm',
  cpu: '@tensorflow/tfjs-backend-cpu',
  webgpu: '@tensorflow/tfjs-backend-webgpu',
};

async function load(backend) {
  const tf = await import('@tensorflow/tfjs-core');
  // Brings the gradients of all operations.
  await import('@tensorflow/tfjs-layers');
  const { setWasmPaths } = await import(packages[backend]);
  setWasmPaths?.(join(root, 'bench/node_modules', packages.wasm, 'wasm-out/'));
  return tf;
}

/** The operations of `architectures`, on NHWC. Without `folded`, normalization takes the batch's own statistics. */
function operations(tf, weights) {
  const fused = (path, { stride = 1, padding = 0, norm, activation }) => {
    const bias = weights[`${path}.bias`];
    const filter = weights[`${path}.kernel`];
    const dimRoundingMode = 'floor';
    const separate = norm !== undefined && bias === undefined;
    const common = { filter, strides: stride, pad: padding, dimRoundingMode };
    const rest = { ...(bias && { bias }), ...(!separate && activation && { activation }) };
    return {
      options: { ...common, ...rest },
      then: (y) => (separate ? normalized(y, norm, activation) : y),
    };
  };
  const normalized = (x, path, activation) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const [gamma, beta] = [weights[`${path}.gamma`], weights[`${path}.beta`]];
    const y = tf.batchNorm(x, mean, variance, beta, gamma, 1e-5);
    return activation === undefined ? y : tf[activation](y);
  };
  const conv = (name) => (x, path, how) => {
    const { options, then } = fused(path, how);
    return then(tf.fused[name]({ x, ...options }));
  };
  return {
    conv: conv('conv2d'),
    depthwise: conv('depthwiseConv2d'),
    dense: (a, path, { activation } = {}) => {
      const [b, bias] = [weights[`${path}.kernel`], weights[`${path}.bias`]];
      return tf.fused.matMul({ a, b, bias, ...(activation && { activation }) });
    },
    maxPool: (x, { size, stride, padding = 0 }) => tf.maxPool(x, size, stride, padding, 'floor'),
    mean: (x) => tf.mean(x, [1, 2]),
    concat: (all) => tf.concat(all, 3),
    flatten: (x) => tf.reshape(x, [x.shape[0], -1]),
    imageNet: (x) => tf.div(tf.sub(x, pixelMean), pixelDeviation),
    add: tf.add,
    relu: tf.relu,
    again: (x) => x,
  };
}

export async function open({ peer, model, kind, folder, shape, batch, weights }) {
  const backend = peer.slice('tfjs-'.length);
  const tf = await load(backend);
  const tensors = readSafetensors(readFileSync(weights));
  const values = readFloats(join(folder, `${kind}.nhwc`));
  const infers = kind === 'infer';
  const began = performance.now();
  await tf.setBackend(backend);
  const variables = Object.fromEntries(
    Object.entries(weightsOf(model, tensors, infers)).map(([name, { shape: extents, data, kind: of }]) => {
      const tensor = tf.tensor(data, extents);
      return [name, infers ? tensor : tf.variable(tensor, true, of ? `${name} of ${of}` : name)];
    }),
  );
  const o = operations(tf, variables);
  const binary = model === 'keras_classifier';
  const about = `tfjs ${tf.version_core} ${tf.getBackend()}`;
  const picture = () => tf.tensor(values, [batch, ...shape]);
  if (infers) {
    const run = async () => {
      const y = tf.tidy(() => {
        const logits = architectures[model](o, picture());
        return binary ? tf.sigmoid(logits) : tf.softmax(logits);
      });
      const result = await y.data();
      y.dispose();
      return result;
    };
    return { about, began, check: run, run };
  }
  const labels = readIntegers(join(folder, 'step.labels'));
  const optimizer = tf.train.adam(0.001, 0.9, 0.999, 1e-7);
  const lossOf = () => {
    const logits = architectures[model](o, picture());
    if (!binary)
      return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d(labels, 'int32'), logits.shape[1]), logits);
    const truth = tf.tensor2d(Float32Array.from(labels), [batch, 1]);
    return tf.losses.sigmoidCrossEntropy(truth, logits);
  };
  const step = async () => {
    const loss = optimizer.minimize(lossOf, true);
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
  return { about, began, check: async () => [await step(), await step()], run: step };
}
