// The six models as a peer's operations build them, up to the logits. `o` has the operations; paths name weights as in the
// .cnn files. What is used twice goes through `o.again`, as some peers count their arrays.

const relu = { activation: 'relu' };
const norm = 'norm.batch_normalization';
const norm1 = 'norm_1.batch_normalization';
const numbered = (name, i) => (i === 0 ? name : `${name}_${i}`);

function basicBlock(o, x, path, { filters, channels, stride }) {
  const main = `${path}.main`;
  let y = o.conv(o.again(x), `${main}.conv2d`, { stride, padding: 1, norm: `${main}.${norm}`, ...relu });
  y = o.conv(y, `${main}.conv2d_1`, { padding: 1, norm: `${main}.${norm1}` });
  const skip =
    stride === 1 && filters === channels
      ? x
      : o.conv(x, `${path}.skip.conv2d`, { stride, norm: `${path}.skip.${norm}` });
  return o.relu(o.add(y, skip));
}

function basicBlocks(o, x, widths, blocks) {
  let channels = widths[0];
  widths.forEach((filters, stage) => {
    for (let i = 0; i < blocks; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      x = basicBlock(o, x, numbered('basic_block', stage * blocks + i), { filters, channels, stride });
      channels = filters;
    }
  });
  return o.dense(o.mean(x), 'head');
}

function fire(o, x, path) {
  const few = o.conv(x, `${path}.few.conv2d`, relu);
  const narrow = o.conv(o.again(few), `${path}.narrow.conv2d`, relu);
  return o.concat([narrow, o.conv(few, `${path}.wide.conv2d`, { padding: 1, ...relu })]);
}

const relu6 = { activation: 'relu6' };

function invertedResidual(o, x, path, { stride, expands, adds }) {
  let y = adds ? o.again(x) : x;
  const many = `${path}.many`;
  if (expands) y = o.conv(y, `${many}.conv2d`, { norm: `${many}.${norm}`, ...relu6 });
  const few = `${path}.few`;
  const depthwise = { stride, padding: 1, norm: `${few}.${norm}`, ...relu6 };
  y = o.depthwise(y, `${few}.depthwise_conv2d`, depthwise);
  y = o.conv(y, `${few}.conv2d`, { norm: `${few}.${norm1}` });
  return adds ? o.add(y, x) : y;
}

/** Filters, how many blocks, strides of the first of them. */
const stages = [
  [16, 1, 1],
  [24, 2, 2],
  [32, 3, 2],
  [64, 4, 2],
  [96, 3, 1],
  [160, 3, 2],
  [320, 1, 1],
];

export const architectures = {
  keras_classifier(o, x) {
    x = o.maxPool(o.conv(x, 'conv2d', relu), { size: 2, stride: 2 });
    x = o.maxPool(o.conv(x, 'conv2d_1', relu), { size: 2, stride: 2 });
    return o.dense(o.dense(o.flatten(x), 'dense', relu), 'dense_1');
  },
  lenet5(o, x) {
    x = o.maxPool(o.conv(x, 'conv2d', { padding: 2, ...relu }), { size: 2, stride: 2 });
    x = o.maxPool(o.conv(x, 'conv2d_1', relu), { size: 2, stride: 2 });
    return o.dense(o.dense(o.dense(o.flatten(x), 'dense', relu), 'dense_1', relu), 'head');
  },
  resnet20(o, x) {
    x = o.conv(x, 'stem', { padding: 1, norm, ...relu });
    return basicBlocks(o, x, [16, 32, 64], 3);
  },
  resnet18(o, x) {
    x = o.conv(o.imageNet(x), 'stem', { stride: 2, padding: 3, norm, ...relu });
    return basicBlocks(o, o.maxPool(x, { size: 3, stride: 2, padding: 1 }), [64, 128, 256, 512], 2);
  },
  squeezenet(o, x) {
    x = o.conv(o.imageNet(x), 'stem', { stride: 2, ...relu });
    for (let i = 0; i < 8; i++) {
      if (i === 0 || i === 2 || i === 4) x = o.maxPool(x, { size: 3, stride: 2 });
      x = fire(o, x, numbered('fire', i));
    }
    return o.mean(o.conv(x, 'head', relu));
  },
  mobilenet_v2(o, x) {
    x = o.conv(o.imageNet(x), 'stem', { stride: 2, padding: 1, norm, ...relu6 });
    let [channels, blocks] = [32, 0];
    for (const [filters, count, strides] of stages)
      for (let i = 0; i < count; i++) {
        const stride = i === 0 ? strides : 1;
        const adds = stride === 1 && filters === channels;
        const path = numbered('inverted_residual', blocks++);
        x = invertedResidual(o, x, path, { stride, expands: blocks > 1, adds });
        channels = filters;
      }
    x = o.conv(x, 'top', { norm: norm1, ...relu6 });
    return o.dense(o.mean(x), 'head');
  },
};

/** ImageNet's mean and deviation of each channel, by which `o.imageNet` scales pictures. */
export const pixelMean = [0.485, 0.456, 0.406];
export const pixelDeviation = [0.229, 0.224, 0.225];

const epsilon = 1e-5;

/** The layers that have weights: `{ path, kind, norm }`. */
function layersOf(model) {
  const layers = [];
  const note =
    (kind) =>
    (_, path, { norm } = {}) =>
      void layers.push({ path, kind, norm });
  const nothing = () => {};
  const o = { conv: note('conv'), depthwise: note('depthwise'), dense: note('dense') };
  for (const name of ['again', 'add', 'relu', 'mean', 'concat', 'maxPool', 'flatten', 'imageNet'])
    o[name] = nothing;
  architectures[model](o);
  return layers;
}

/**
 * Kernels and biases by name, `{ shape, data, kind }`, from `tensors` as `readSafetensors` gives them. With `folded`,
 * normalization is made part of them, as converters do for inference; else `gamma` and `beta` stand under the norm's path.
 */
export function weightsOf(model, tensors, folded) {
  const weights = {};
  for (const { path, kind, norm: path2 } of layersOf(model)) {
    const kernel = tensors[`${path}.kernel`];
    const bias = tensors[`${path}.bias`];
    weights[`${path}.kernel`] = { ...kernel, kind };
    if (bias) weights[`${path}.bias`] = bias;
    if (path2 === undefined) continue;
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map(
      (name) => tensors[`${path2}.${name}`],
    );
    if (!folded) {
      weights[`${path2}.gamma`] = gamma;
      weights[`${path2}.beta`] = beta;
      continue;
    }
    const scale = gamma.data.map((factor, i) => factor / Math.sqrt(variance.data[i] + epsilon));
    // The channels of a result are innermost in both kinds of kernels.
    const data = kernel.data.map((value, i) => value * scale[i % scale.length]);
    weights[`${path}.kernel`] = { ...kernel, data, kind };
    weights[`${path}.bias`] = {
      shape: gamma.shape,
      data: beta.data.map((b, i) => b - mean.data[i] * scale[i]),
    };
  }
  return weights;
}
