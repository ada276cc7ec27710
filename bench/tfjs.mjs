// The Keras classifier in TensorFlow.js on its `cpu` backend, with the weights of a cnnc module.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { layers, sequential } from '@tensorflow/tfjs-layers';

/** `weights`: name → { shape, data } as in the safetensors file of keras_classifier.cnn. */
export async function kerasClassifier(weights) {
  await tf.setBackend('cpu');
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [28, 28, 1], filters: 32, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 128, activation: 'relu' }),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ],
  });
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const order = ['conv2d', 'conv2d_1', 'dense', 'dense_1'].flatMap((name) => [
    `${name}.kernel`,
    `${name}.bias`,
  ]);
  model.setWeights(order.map((name) => tf.tensor(weights[name].data, weights[name].shape)));
  const pictures = (bytes) =>
    tf.tensor4d(
      Float32Array.from(bytes, (byte) => byte / 255),
      [bytes.length / 784, 28, 28, 1],
    );
  return {
    /** Probabilities of pictures of bytes. */
    predict: (bytes) =>
      tf.tidy(() => {
        const result = model.predict(pictures(bytes), { batchSize: bytes.length / 784 });
        return result.dataSync();
      }),
    /** One step on a batch; gives its loss. */
    async step(bytes, labels) {
      const x = pictures(bytes);
      const y = tf.tensor2d(labels, [labels.length, 1]);
      const [loss] = await model.trainOnBatch(x, y);
      x.dispose();
      y.dispose();
      return loss;
    },
  };
}
