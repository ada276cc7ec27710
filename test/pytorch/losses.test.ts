import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadExample, readSafetensors, writeSafetensors } from '../examples/harness.ts';
import { batch, uniform } from './numbers.ts';

interface Reference {
  readonly madeBy: string;
  readonly batch: number;
  readonly losses: Readonly<Record<string, readonly number[]>>;
}
const reference = JSON.parse(readFileSync(new URL('losses.json', import.meta.url), 'utf8')) as Reference;

const pictures: Readonly<Record<string, { pixels: number; classes: number }>> = {
  keras_classifier: { pixels: 28 * 28, classes: 2 },
  lenet5: { pixels: 28 * 28, classes: 10 },
  small_residual: { pixels: 32 * 32 * 3, classes: 10 },
};

/** The losses of `steps` steps in order, from the running means that `fit` reports. */
async function trainingLosses(example: string, steps: number): Promise<number[]> {
  const size = reference.batch;
  const { pixels, classes } = pictures[example] ?? { pixels: 0, classes: 0 };
  const { createModel } = await loadExample(`${example}.cnn`, { set: { batch_size: `${size}` } });
  const model = await createModel({ seed: 1 });
  const tensors = readSafetensors(await model.saveWeights());
  for (const [name, { shape, data }] of tensors) if (name.endsWith('.kernel')) data.set(uniform(name, shape));
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
  await model.dispose();
  return losses;
}

describe(`the losses of 20 steps are those of ${reference.madeBy}`, () => {
  it.each(Object.keys(reference.losses))('%s', async (example) => {
    const expected = reference.losses[example] ?? [];
    expect(expected).toHaveLength(20);
    const actual = await trainingLosses(example, expected.length);
    const differences = expected.map((loss, step) => Math.abs((actual[step] ?? NaN) - loss) / loss);
    expect(Math.max(...differences), `${actual.join(' ')}`).toBeLessThan(1e-3);
  });
});
