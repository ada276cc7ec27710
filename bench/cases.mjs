// The models that are compared with peers, their pictures, and the bars of each comparison.

export const models = ['keras_classifier', 'lenet5', 'resnet20', 'resnet18', 'squeezenet', 'mobilenet_v2'];
export const trained = ['keras_classifier', 'lenet5', 'resnet20'];

/** The largest ratio of our time to a peer's; `fast`: with fused multiply-add. */
export function barOf({ kind, peer, model, fast, kernels }) {
  if (kernels === 'ts') {
    if (peer !== 'tfjs-cpu' || model !== 'keras_classifier') return undefined;
    return kind === 'infer' ? 1 / 3 : 1 / 20;
  }
  if (kind === 'infer') {
    if (peer === 'onnxruntime-web' && !fast) return 0.6;
    return peer === 'pytorch' && fast ? 2 : undefined;
  }
  const bars = {
    pytorch: { keras_classifier: 1.3, lenet5: 0.8, resnet20: 2 },
    'jax-js': { keras_classifier: 1 / 50 },
    'tfjs-cpu': { keras_classifier: 1 / 400 },
  };
  return bars[peer]?.[model];
}

/** `count` pictures of noise in NHWC, as bytes or in -1 … 1: what they show makes no difference to the time. */
export function pictures({ shape, dtype }, count) {
  let state = 7;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const length = count * shape.reduce((product, extent) => product * extent, 1);
  return dtype === 'u8'
    ? Uint8Array.from({ length }, () => Math.floor(next() * 256))
    : Float32Array.from({ length }, () => 2 * next() - 1);
}

/** Bytes as our models see them behind `Rescaling(1 / 255)`. */
export const scaled = (values) =>
  values instanceof Uint8Array ? Float32Array.from(values, (byte) => byte / 255) : values;

/** NHWC → NCHW. */
export function channelsFirst(values, [height, width, channels]) {
  const plane = height * width;
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const pixel = Math.floor(i / channels);
    const sample = Math.floor(pixel / plane);
    result[(sample * channels + (i % channels)) * plane + (pixel % plane)] = values[i];
  }
  return result;
}

export const labelsOf = (classes, count) =>
  Int32Array.from({ length: count }, (_, i) => (i * 7 + (i >> 2)) % classes);
