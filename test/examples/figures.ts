/** What each file of dsl-examples is known to give. A new example needs an entry here. */
import { expect } from 'vitest';
import type { CompileOptions } from '../../compiler/index.ts';
import type { Elements } from '../../runtime/types.ts';
import { compileExample, importModule, loadExample, readSafetensors, writeSafetensors } from './harness.ts';

type Check = () => Promise<void>;

const oneToSixteen = Float32Array.from({ length: 16 }, (_, i) => i + 1);

function expectClose(actual: Elements | undefined, expected: readonly number[], tolerance = 1e-6): void {
  expect(actual).toBeDefined();
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) =>
    expect(Math.abs((actual?.[i] ?? NaN) - value)).toBeLessThanOrEqual(tolerance),
  );
}

/** Probabilities of `count` pictures of noise: as many as there are classes each, and they add up to 1. */
async function expectProbabilities(
  name: string,
  inputs: Readonly<Record<string, number>>,
  output: string,
  classes: number,
  options: CompileOptions = {},
): Promise<void> {
  const { createModel } = await loadExample(name, options);
  const model = await createModel({ seed: 1 });
  const pictures = Object.entries(inputs).map(
    ([input, size]) => [input, Uint8Array.from({ length: 2 * size }, (_, i) => (i * 37) % 251)] as const,
  );
  const probabilities = (await model.predict(Object.fromEntries(pictures)))[output];
  expect(probabilities).toHaveLength(2 * classes);
  for (const first of [0, classes]) {
    expect(probabilities?.slice(first, first + classes).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  }
  await model.dispose();
}

const expectParameters = (name: string, count: number): void =>
  expect(compileExample(name, { inference: true }).report?.parameters).toBe(count);

export const figures: Readonly<Record<string, Check>> = {
  'neuron.cnn': async () => {
    const { createModel } = await loadExample('neuron.cnn');
    const model = await createModel({ seed: 1 });
    const x = Float32Array.of(0.5, 0.3, 0.1);
    expectClose((await model.predict({ x }))['y'], [0.6034832]);
    await model.fit({ x, truth: Float32Array.of(0.4) }, { epochs: 1 });
    const weights = readSafetensors(await model.saveWeights());
    expectClose(weights.get('neuron.kernel')?.data, [0.39513082, 0.19707849, 0.59902616]);
    expectClose(weights.get('neuron.bias')?.data, [0.0902616]);
    await model.dispose();
  },

  'edge_filter.cnn': async () => {
    const { createModel } = await loadExample('edge_filter.cnn');
    const model = await createModel({ seed: 1 });
    const result = await model.predict({ image: oneToSixteen });
    expectClose(result['edges'], [8, 8, 8, 8, 8, 8, 8, 8, 8], 0);
    expectClose(result['padded'], [1, 5, 4, 4, 8, 4, -13, -29, -16], 0);
    expectClose(result['strided'], [8, 8, 8, 8], 0);
    await model.dispose();
  },

  'pooling.cnn': async () => {
    const { createModel } = await loadExample('pooling.cnn');
    const model = await createModel({ seed: 1 });
    const result = await model.predict({ image: oneToSixteen });
    expectClose(result['largest'], [6, 8, 14, 16], 0);
    expectClose(result['average'], [3.5, 5.5, 11.5, 13.5], 0);
    await model.dispose();
  },

  'activations.cnn': async () => {
    const { createModel } = await loadExample('activations.cnn');
    const model = await createModel({ seed: 1 });
    const result = await model.predict({ x: Float32Array.of(1, 2, 3) });
    expectClose(result['positive'], [1, 2, 3], 0);
    expectClose(result['squashed'], [0.73105858, 0.88079708, 0.95257413]);
    expectClose(result['probabilities'], [0.09003057, 0.24472847, 0.66524096]);
    expectClose((await model.predict({ x: Float32Array.of(-1, 0, 5) }))['positive'], [0, 0, 5], 0);
    await model.dispose();
  },

  'keras_classifier.cnn': async () => {
    expectParameters('keras_classifier.cnn', 223_873);
    const { model, report } = compileExample('keras_classifier.cnn');
    expect(model?.training).toMatchObject({ batchSize: 32, epochs: 10, metrics: ['accuracy'] });
    expect(report?.parameters).toBe(223_873);
    const { createModel } = await loadExample('keras_classifier.cnn');
    const generated = await createModel({ seed: 1 });
    const [first = NaN, second = NaN] =
      (await generated.predict({ image: new Uint8Array(2 * 784).fill(200, 784) }))['digit'] ?? [];
    // Of a black picture nothing but the biases is left, and they begin at 0.
    expect(first).toBe(0.5);
    expect(second).toBeGreaterThan(0);
    expect(second).toBeLessThan(1);
    expect(second).not.toBe(0.5);
    await generated.dispose();
  },

  'lenet5.cnn': async () => {
    expectParameters('lenet5.cnn', 61_706);
    await expectProbabilities('lenet5.cnn', { image: 784 }, 'digit', 10);
  },

  'digits.cnn': async () => {
    expectParameters('digits.cnn', 34_826);
    await expectProbabilities('digits.cnn', { image: 784 }, 'digit', 10);
  },

  'residual.cnn': async () => {
    expectParameters('residual.cnn', 272_474);
    await expectProbabilities('residual.cnn', { image: 32 * 32 * 3 }, 'kind', 10);
  },

  'small_residual.cnn': async () => {
    expectParameters('small_residual.cnn', 19_954);
    await expectProbabilities('small_residual.cnn', { image: 32 * 32 * 3 }, 'kind', 10);
  },

  'mobile_digits.cnn': async () => {
    expectParameters('mobile_digits.cnn', 7_730);
    await expectProbabilities('mobile_digits.cnn', { image: 784 }, 'digit', 10);
  },

  'overfitting.cnn': () => expectProbabilities('overfitting.cnn', { image: 784 }, 'digit', 10),

  'transfer.cnn': async () => {
    await expectProbabilities('transfer.cnn', { image: 784 }, 'parity', 2);
    // What another file's model has learned goes in under the name of the stage.
    const digits = await (await loadExample('digits.cnn', { set: { width: '8' } })).createModel({ seed: 2 });
    const parity = await (await loadExample('transfer.cnn')).createModel({ seed: 1 });
    const learned = readSafetensors(await digits.saveWeights());
    const tensors = readSafetensors(await parity.saveWeights());
    for (const [name, tensor] of learned) {
      expect(tensors.has(`digits.${name}`)).toBe(true);
      tensors.set(`digits.${name}`, tensor);
    }
    await parity.loadWeights(writeSafetensors(tensors));
    const image = Uint8Array.from({ length: 784 }, (_, i) => (i * 37) % 251);
    const probabilities = [...((await digits.predict({ image }))['digit'] ?? [])];
    const kernel = tensors.get('head.kernel')?.data ?? new Float32Array();
    const [even = NaN, odd = NaN] = [0, 1].map((place) =>
      Math.exp(probabilities.reduce((sum, p, i) => sum + p * (kernel[2 * i + place] ?? NaN), 0)),
    );
    expectClose((await parity.predict({ image }))['parity'], [even / (even + odd), odd / (even + odd)]);
  },

  'detector.cnn': async () => {
    const size = 64 * 64 * 3;
    await expectProbabilities('detector.cnn', { left: size, right: size }, 'kind', 3);
    // One eye: what it has of the left picture and of the right one are the same 16 numbers for the same picture.
    const { createModel } = await loadExample('detector.cnn');
    const model = await createModel({ seed: 1 });
    const names = [...readSafetensors(await model.saveWeights()).keys()];
    expect(names.filter((name) => name.startsWith('eye.')).length).toBeGreaterThan(0);
    expect(names.filter((name) => /^(a|b)\./.test(name))).toEqual([]);
    await model.dispose();
  },

  'torchvision.cnn': async () => {
    const text = `import ImageNetPixels, Norm from "./torchvision.cnn"
model Both {
  input image: u8[1, 2, 3]
  image -> ImageNetPixels -> Norm -> output y
}
`;
    const { createModel } = await importModule(compileExample('both.cnn', {}, text));
    const model = await createModel({ seed: 1 });
    const image = Uint8Array.of(0, 0, 0, 255, 128, 64);
    // Of fresh statistics, mean 0 and variance 1, only epsilon is left.
    const each = [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225];
    const second = [0.515 / 0.229, (128 / 255 - 0.456) / 0.224, (64 / 255 - 0.406) / 0.225];
    expectClose(
      (await model.predict({ image }))['y'],
      [...each, ...second].map((value) => value / Math.sqrt(1.00001)),
    );
    await model.dispose();
  },

  'resnet18.cnn': async () => {
    expectParameters('resnet18.cnn', 11_689_512);
    const small = { set: { size: '32', classes: '10' } };
    await expectProbabilities('resnet18.cnn', { image: 32 * 32 * 3 }, 'kind', 10, small);
  },

  'resnet20.cnn': async () => {
    expectParameters('resnet20.cnn', 272_474);
    await expectProbabilities('resnet20.cnn', { image: 32 * 32 * 3 }, 'kind', 10);
  },

  'squeezenet.cnn': async () => {
    expectParameters('squeezenet.cnn', 1_235_496);
    const small = { set: { size: '64', classes: '10' } };
    await expectProbabilities('squeezenet.cnn', { image: 64 * 64 * 3 }, 'kind', 10, small);
  },

  'mobilenet_v2.cnn': async () => {
    expectParameters('mobilenet_v2.cnn', 3_504_872);
    const small = { set: { size: '64', classes: '10' } };
    await expectProbabilities('mobilenet_v2.cnn', { image: 64 * 64 * 3 }, 'kind', 10, small);
  },

  'norm.cnn': async () => {
    const text = `import RunningNorm, SGD from "./norm.cnn"
model Normed {
  input x: f32[4]
  x -> RunningNorm -> output y
}
train Normed {
  label truth: f32[4]
  loss: mean_squared_error(truth, y)
  optimizer: SGD(learning_rate: 0.5, momentum: 0.9)
  batch_size: 2
  epochs: 1
}
`;
    const { createModel } = await importModule(compileExample('normed.cnn', {}, text));
    const model = await createModel({ seed: 1 });
    const x = Float32Array.of(1, -2, 3, 0, 3, 2, -1, 0);
    expectClose(
      (await model.predict({ x }))['y'],
      [...x].map((value) => value / Math.sqrt(1.001)),
    );
    await model.fit({ x, truth: new Float32Array(8) }, { epochs: 1 });
    const weights = readSafetensors(await model.saveWeights());
    const power = [5, 4, 5, 0];
    expectClose(
      weights.get('running_norm.power')?.data,
      power.map((now) => 0.99 + 0.01 * now),
    );
    // d/dscale of mean over 4 places and 2 samples of (x / sqrt(power + 0.001))² is 2 · power / (power + 0.001) / 4.
    expectClose(
      weights.get('running_norm.scale')?.data,
      power.map((now) => 1 - (0.5 * 2 * (now / (now + 0.001))) / 4),
    );
    await model.dispose();
  },
};
