import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CompileOptions } from '../../compiler/index.ts';
import { examples, loadExample, readSafetensors, writeSafetensors } from '../examples/harness.ts';
import { batch, uniform } from './numbers.ts';

/** Of each training step, and of one more batch in inference after them. */
interface Losses {
  readonly batch: number;
  readonly training: readonly number[];
  readonly after: number;
}

interface Reference {
  readonly madeBy: string;
  readonly losses: Readonly<Record<string, Losses>>;
}
const reference = JSON.parse(readFileSync(new URL('losses.json', import.meta.url), 'utf8')) as Reference;

const pictures: Readonly<Record<string, { pixels: number; classes: number }>> = {
  keras_classifier: { pixels: 28 * 28, classes: 2 },
  lenet5: { pixels: 28 * 28, classes: 10 },
  mobile_digits: { pixels: 28 * 28, classes: 10 },
  small_residual: { pixels: 32 * 32 * 3, classes: 10 },
  resnet20: { pixels: 32 * 32 * 3, classes: 10 },
};

/** The example as losses.py has it: without augmentation, which draws numbers of its own; the deep one with SGD. */
function textOf(example: string): string {
  const text = readFileSync(`${examples}${example}.cnn`, 'utf8').replace(/^ *augment .*\n/m, '');
  return example === 'resnet20'
    ? text.replace('optimizer: Adam', 'optimizer: SGD(learning_rate: 0.001, momentum: 0.9)')
    : text;
}

/** Losses of single steps are taken from the running means that `fit` reports. */
async function lossesOf(
  example: string,
  size: number,
  steps: number,
): Promise<Losses & { predicted: number }> {
  const { pixels, classes } = pictures[example] ?? { pixels: 0, classes: 0 };
  const options: CompileOptions = { kernels: 'wasm', set: { batch_size: `${size}` } };
  const { createModel } = await loadExample(`${example}.cnn`, options, textOf(example));
  const model = await createModel({ seed: 1 });
  const tensors = readSafetensors(await model.saveWeights());
  for (const [name, { shape, data }] of tensors) if (name.endsWith('kernel')) data.set(uniform(name, shape));
  await model.loadWeights(writeSafetensors(tensors));

  const losses: number[] = [];
  let sum = 0;
  await model.fit(
    {
      size: steps * size,
      read(indices, into) {
        const { image, labels } = batch((indices[0] ?? 0) / size, size, pixels, classes);
        into['image']?.set(image);
        into['truth']?.set(labels);
      },
    },
    {
      epochs: 1,
      shuffle: false,
      onBatchEnd({ batch, scores }) {
        const total = (scores['loss'] ?? NaN) * batch;
        losses.push(total - sum);
        sum = total;
      },
    },
  );
  const { image, labels } = batch(steps, size, pixels, classes);
  const truth = example === 'keras_classifier' ? Float32Array.from(labels) : labels;
  const after = (await model.evaluate({ image, truth }))['loss'] ?? NaN;
  const [probabilities = new Float32Array()] = Object.values(await model.predict({ image }));
  const predicted = crossEntropy(probabilities, labels);
  await model.dispose();
  return { batch: size, training: losses, after, predicted };
}

/** The mean of -log of the probability of the right class; one probability per sample is that of class 1. */
function crossEntropy(probabilities: Float32Array, labels: Int32Array): number {
  const classes = probabilities.length / labels.length;
  const each = [...labels].map((label, i) => {
    const p = probabilities[classes === 1 ? i : i * classes + label] ?? NaN;
    return -Math.log(classes === 1 && label === 0 ? 1 - p : p);
  });
  return each.reduce((a, b) => a + b, 0) / labels.length;
}

describe(`the losses of single steps are those of ${reference.madeBy}`, () => {
  it.each(Object.keys(reference.losses))('%s', async (example) => {
    const expected = reference.losses[example] ?? { batch: 0, training: [], after: NaN };
    expect(expected.training.length).toBeGreaterThanOrEqual(3);
    const actual = await lossesOf(example, expected.batch, expected.training.length);
    const differences = [
      ...expected.training.map((loss, step) => Math.abs((actual.training[step] ?? NaN) - loss) / loss),
      ...[actual.after, actual.predicted].map((loss) => Math.abs(loss - expected.after) / expected.after),
    ];
    expect(Math.max(...differences), differences.map((d) => d.toExponential(1)).join(' ')).toBeLessThan(1e-3);
  });
});
