/**
 * Every example as a module for a GPU gives the numbers of the JavaScript target: outputs, the loss, all gradients and states
 * of one step, and shaders behind one another are one module.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { CompileOptions } from '../../compiler/index.ts';
import { dataFor } from '../engines/train.mjs';
import type { GeneratedModel } from '../examples/harness.ts';
import {
  compileExample,
  examples,
  importModule,
  readSafetensors,
  readText,
  writeSafetensors,
} from '../examples/harness.ts';
import { differenceOf, largestOf } from '../support/close.ts';
import { adapter, describeGpu } from '../support/gpu.ts';
import { gains, smaller } from './sizes.ts';

const files = readdirSync(examples).filter((file) => file.endsWith('.cnn'));
const matching = (pattern: RegExp) => files.filter((file) => pattern.test(readText(examples + file) ?? ''));

// Software adapters are slow; `npm run engines` trains models for more than one step.
vi.setConfig({ testTimeout: 300_000 });

const gpu = adapter && { gpu: adapter.gpu };

/** The model of a text on the GPU and as JavaScript, both with the weights of one seed. */
async function both(name: string, options: CompileOptions, text?: string) {
  const set = { ...smaller[name], ...options.set };
  const open = async (target: CompileOptions): Promise<[GeneratedModel, Signature]> => {
    const module = await importModule(compileExample(name, { ...options, set, ...target }, text));
    return [
      await module.createModel({ seed: 1, ...gpu }),
      (module as unknown as { signature: Signature }).signature,
    ];
  };
  const [onGpu, signature] = await open({ target: 'wgsl', language: 'js' });
  const [expected] = await open({ target: 'js' });
  const gain = gains[name];
  if (gain !== undefined) {
    const tensors = [...readSafetensors(await expected.saveWeights())].map(([path, tensor]) => {
      const data = path.endsWith('kernel') ? tensor.data.map((value) => value * gain) : tensor.data;
      return [path, { ...tensor, data }] as const;
    });
    const weights = writeSafetensors(new Map(tensors));
    await Promise.all([onGpu.loadWeights(weights), expected.loadWeights(weights)]);
  }
  return { onGpu, expected, signature };
}
type Signature = Parameters<typeof dataFor>[0];

describeGpu('examples', () => {
  test.each(matching(/^model /m))('%s predicts the same', async (name) => {
    const { onGpu, expected, signature } = await both(name, { inference: true, batchSize: 2 });
    // The last batch is not a whole one.
    const inputs = dataFor({ inputs: signature.inputs, labels: [] }, 3);
    const outputs = await expected.predict(inputs);
    const found = await onGpu.predict(inputs);
    for (const [output, values] of Object.entries(outputs)) {
      if (values.length > 1) expect(new Set(values).size, `${output} says something`).toBeGreaterThan(1);
      expect(differenceOf(found[output] ?? [], values), output).toBeLessThanOrEqual(1e-4);
    }
    await onGpu.dispose();
    await expected.dispose();
  });

  /** So large that what a step adds to a parameter is the gradient, and rounding of the parameter does not count. */
  const rate = 2 ** 20;

  test.each(matching(/^train /m))('%s has the same loss, gradients and states', async (name) => {
    const text = (readText(examples + name) ?? '').replace(
      /^(\s*)optimizer: .*$/m,
      `$1optimizer: SGD(learning_rate: ${rate})`,
    );
    const { onGpu, expected, signature } = await both(name, { set: { batch_size: '3' } }, text);
    // One step, whose batch is not a whole one.
    const data = dataFor(signature, 2);
    const [[is], [should]] = [await onGpu.fit(data, { epochs: 1 }), await expected.fit(data, { epochs: 1 })];
    expect(differenceOf([is?.train['loss'] ?? NaN], [should?.train['loss'] ?? NaN])).toBeLessThanOrEqual(
      1e-4,
    );
    const tensors = [...readSafetensors(await expected.saveWeights())];
    const found = readSafetensors(await onGpu.saveWeights());
    const largest = Math.max(...tensors.map(([, { data: values }]) => largestOf(values)));
    for (const [tensor, { data: values }] of tensors) {
      // A gradient that is 0 but for rounding, as that of a bias before BatchNormalization, is compared with the others.
      const scale = largest / 1000;
      expect(differenceOf(found.get(tensor)?.data ?? [], values, scale), tensor).toBeLessThanOrEqual(1e-4);
    }
    await onGpu.dispose();
    await expected.dispose();
  });
});

// With one, all of these have been compiled above.
if (!adapter)
  describe('without an adapter', () => {
    test.each(matching(/^model /m))('%s compiles', (name) => {
      const { files: built } = compileExample(name, { target: 'wgsl', language: 'js' });
      expect(built.map(({ path }) => path.replace(/^.*?\./u, '')).sort()).toEqual([
        'gpu.d.ts',
        'gpu.js',
        'wgsl',
      ]);
    });
  });
