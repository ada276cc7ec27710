// jax-js on its `wasm` device (Node has no Worker of the Web, so it runs on one thread) or on its `webgpu` device.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { readSafetensors, versionOf } from '../support.mjs';
import { architectures, pixelDeviation, pixelMean, weightsOf } from './architectures.mjs';
import { readFloats, readIntegers } from './files.mjs';

/** Values that stand along the channels of NCHW. */
const perChannel = (values) => values.reshape([1, -1, 1, 1]);

/** The operations of `architectures`, on NCHW. Arrays are counted: each use but the last takes `.ref`. */
function operations(weights) {
  const activated = (x, activation) => (activation === undefined ? x : nn[activation](x));
  const conv =
    (groups) =>
    (x, path, { stride = 1, padding = 0, norm, activation } = {}) => {
      const around = [padding, padding];
      const featureGroupCount = groups(x);
      const how = featureGroupCount === 1 ? {} : { featureGroupCount };
      const kernel = weights[`${path}.kernel`].ref;
      let y = lax.convGeneralDilated(x, kernel, [stride, stride], [around, around], how);
      const bias = weights[`${path}.bias`];
      if (bias) y = y.add(perChannel(bias.ref));
      else if (norm !== undefined) y = normalized(y, norm);
      return activated(y, activation);
    };
  const normalized = (x, path) => {
    const axes = [0, 2, 3];
    const mean = np.mean(x.ref, axes, { keepdims: true });
    const apart = x.sub(mean);
    const variance = np.mean(np.square(apart.ref), axes, { keepdims: true });
    const gamma = perChannel(weights[`${path}.gamma`].ref);
    const beta = perChannel(weights[`${path}.beta`].ref);
    return apart.mul(gamma.mul(np.reciprocal(np.sqrt(variance.add(1e-5))))).add(beta);
  };
  return {
    conv: conv(() => 1),
    depthwise: conv((x) => x.shape[1]),
    dense: (x, path, { activation } = {}) =>
      activated(np.matmul(x, weights[`${path}.kernel`].ref).add(weights[`${path}.bias`].ref), activation),
    maxPool: (x, { size, stride, padding = 0 }) => {
      // Zeros do as edges, for what is pooled is never negative.
      const around = [padding, padding];
      const whole = padding === 0 ? x : np.pad(x, [[0, 0], [0, 0], around, around]);
      return lax.reduceWindow(whole, (window) => np.max(window), [size, size], [stride, stride]);
    },
    mean: (x) => np.mean(x, [2, 3]),
    concat: (all) => np.concatenate(all, 1),
    // Rows of dense kernels are in the order of NHWC.
    flatten: (x) => np.transpose(x, [0, 2, 3, 1]).reshape([x.shape[0], -1]),
    imageNet: (x) =>
      x.sub(perChannel(np.array(pixelMean))).mul(perChannel(np.array(pixelDeviation.map((d) => 1 / d)))),
    add: (a, b) => a.add(b),
    relu: nn.relu,
    again: (x) => x.ref,
  };
}

/** Kernels are [output, input, rows, columns]; those of depthwise convolutions have one input. */
async function onDevice({ shape, data, kind }) {
  const tensor = np.array(data).reshape(shape);
  if (kind !== 'conv' && kind !== 'depthwise') return tensor;
  const turned = np.transpose(tensor, kind === 'conv' ? [3, 2, 0, 1] : [2, 3, 0, 1]);
  const extents = turned.shape;
  return np.array(await turned.data()).reshape(extents);
}

/** Each element of a tree of arrays with one more reference. */
const kept = (params) => Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value.ref]));

export async function open({ peer, model, kind, folder, batch, shape, weights }) {
  const device = peer === 'jax-js' ? 'wasm' : 'webgpu';
  const tensors = readSafetensors(readFileSync(weights));
  const [height, width, channels] = shape;
  const values = readFloats(join(folder, `${kind}.nchw`));
  const began = performance.now();
  if (!(await init(device)).includes(device)) throw new Error(`no device ${device}`);
  defaultDevice(device);
  const params = {};
  for (const [name, weight] of Object.entries(weightsOf(model, tensors, kind === 'infer')))
    params[name] = await onDevice(weight);
  const picture = () => np.array(values).reshape([batch, channels, height, width]);
  const about = `jax-js ${versionOf('@jax-js/jax')} ${device}`;
  const binary = model === 'keras_classifier';
  const logits = (p, x) => architectures[model](operations(p), x);
  if (kind === 'infer') {
    const predict = jit((p, x) => (binary ? nn.sigmoid(logits(p, x)) : nn.softmax(logits(p, x))));
    const run = () => predict(kept(params), picture()).data();
    return { about, began, check: run, run };
  }
  const labels = readIntegers(join(folder, 'step.labels'));
  return { about, began, ...training({ params, binary, logits, picture, labels }) };
}

function training({ params, binary, logits, picture, labels }) {
  const lossOf = (p, x, truth) => {
    const z = logits(p, x);
    // -(y log p + (1 - y) log(1 - p)) = softplus(z) - y z
    if (binary) return np.mean(nn.softplus(z.ref).sub(truth.mul(z)));
    const classes = z.shape[1];
    return np.negative(np.mean(np.sum(nn.logSoftmax(z).mul(nn.oneHot(truth, classes)), 1)));
  };
  const gradientOf = valueAndGrad(lossOf);
  const [beta1, beta2] = [0.9, 0.999];
  /** Adam as in Keras: `rate` has the corrections of both moments. */
  const step = jit((p, first, second, rate, x, truth) => {
    const [loss, gradients] = gradientOf(kept(p), x, truth);
    const [next, m, v] = [{}, {}, {}];
    for (const [name, g] of Object.entries(gradients)) {
      m[name] = first[name].mul(beta1).add(g.ref.mul(1 - beta1));
      v[name] = second[name].mul(beta2).add(np.square(g).mul(1 - beta2));
      const change = m[name].ref.mul(rate.ref).div(np.sqrt(v[name].ref).add(1e-7));
      next[name] = p[name].sub(change);
    }
    return [loss, next, m, v];
  });
  const zeros = () =>
    Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, np.zeros(shape)]));
  let [p, first, second, steps] = [params, zeros(), zeros(), 0];
  const truth = () =>
    binary
      ? np.array(Float32Array.from(labels)).reshape([labels.length, 1])
      : np.array(labels, { dtype: np.int32 });
  const run = async () => {
    steps++;
    const rate = np.array((0.001 * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps));
    let loss;
    [loss, p, first, second] = step(p, first, second, rate, picture(), truth());
    const [value] = await loss.data();
    return value;
  };
  return { check: async () => [await run(), await run()], run };
}
