// jax-js on its `wasm` device. Node has no Worker of the Web, so it runs on one thread.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultDevice, init, jit, lax, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { readSafetensors, versionOf } from '../support.mjs';
import { readFloats, readIntegers } from './files.mjs';

/** Arrays are counted: each use but the last takes `.ref`. */
const conv = (x, kernel, bias) =>
  nn.relu(lax.convGeneralDilated(x, kernel, [1, 1], 'VALID').add(bias.reshape([1, -1, 1, 1])));
const pool = (x) => lax.reduceWindow(x, (window) => np.max(window), [2, 2], [2, 2]);

/** The Keras classifier on NCHW pictures, up to the logits [N]. */
function logits({ k1, b1, k2, b2, w3, b3, w4, b4 }, x) {
  const features = pool(conv(pool(conv(x, k1, b1)), k2, b2));
  const flat = np.transpose(features, [0, 2, 3, 1]).reshape([x.shape[0], -1]);
  const hidden = nn.relu(np.matmul(flat, w3).add(b3));
  return np.matmul(hidden, w4).add(b4).reshape([-1]);
}

export async function open({ model, kind, folder, batch, shape, weights }) {
  if (model !== 'keras_classifier') throw new Error('this model is not written for it here');
  await init('wasm');
  defaultDevice('wasm');
  const values = readSafetensors(readFileSync(weights));
  const tensor = (name) => np.array(values[name].data).reshape(values[name].shape);
  const kernel = (name) => np.transpose(tensor(name), [3, 2, 0, 1]);
  const params = {
    k1: kernel('conv2d.kernel'),
    b1: tensor('conv2d.bias'),
    k2: kernel('conv2d_1.kernel'),
    b2: tensor('conv2d_1.bias'),
    w3: tensor('dense.kernel'),
    b3: tensor('dense.bias'),
    w4: tensor('dense_1.kernel'),
    b4: tensor('dense_1.bias'),
  };
  for (const name of Object.keys(params))
    params[name] = np.array(await params[name].data()).reshape(shapes(values)[name]);
  const kept = () => Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value.ref]));
  const [height, width, channels] = shape;
  const x = np.array(readFloats(join(folder, `${kind}.nchw`))).reshape([batch, channels, height, width]);
  const about = `jax-js ${versionOf('@jax-js/jax')} wasm${kind === 'step' ? ' (gradient only)' : ''}`;
  if (kind === 'infer') {
    const predict = jit((p, image) => nn.sigmoid(logits(p, image)));
    const run = () => predict(kept(), x.ref).data();
    return { about, check: run, run };
  }
  const y = np.array(Float32Array.from(readIntegers(join(folder, 'step.labels'))));
  // -(y log p + (1 - y) log(1 - p)) = softplus(z) - y z
  const lossOf = (p, image, truth) => {
    const z = logits(p, image);
    return np.mean(nn.softplus(z.ref).sub(truth.mul(z)));
  };
  const step = jit(valueAndGrad(lossOf));
  const run = async () => {
    const [loss, gradients] = step(kept(), x.ref, y.ref);
    for (const gradient of Object.values(gradients)) await gradient.data();
    return loss.data();
  };
  return { about, check: run, run };
}

function shapes(values) {
  const of = (name) => values[name].shape;
  const turned = ([kh, kw, ci, co]) => [co, ci, kh, kw];
  return {
    k1: turned(of('conv2d.kernel')),
    b1: of('conv2d.bias'),
    k2: turned(of('conv2d_1.kernel')),
    b2: of('conv2d_1.bias'),
    w3: of('dense.kernel'),
    b3: of('dense.bias'),
    w4: of('dense_1.kernel'),
    b4: of('dense_1.bias'),
  };
}
