import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Model, Port } from '../../compiler/index.ts';
import type { Elements } from '../../runtime/types.ts';
import { format } from '../../compiler/index.ts';
import { bits } from '../pytorch/numbers.ts';
import { figures } from './figures.ts';
import type { Tensors } from './harness.ts';
import { compileExample, examples, importModule, readText } from './harness.ts';

const files = readdirSync(examples).filter((file) => file.endsWith('.cnn'));
const withModel = files.filter((file) => /^model /m.test(readText(examples + file) ?? ''));
const withTraining = files.filter((file) => /^train /m.test(readText(examples + file) ?? ''));

const sizeOf = ({ type }: Port): number =>
  type.shape.reduce<number>((size, extent) => size * Number(extent), 1);

/** `count` samples of two classes that can be told apart: a pattern for each with a little noise over it. */
function samples({ inputs, training }: Model, count: number): Tensors {
  const labels = training?.labels ?? [];
  const classes = 2;
  const tensors: Record<string, Elements> = {};
  for (const input of inputs) {
    const size = sizeOf(input);
    const pattern = bits(`pattern ${input.name}`, classes * size);
    const noise = bits(`noise ${input.name}`, count * size);
    const value = (_: unknown, i: number): number => {
      const sample = Math.floor(i / size);
      return ((pattern[(sample % classes) * size + (i % size)] ?? 0) & 192) + ((noise[i] ?? 0) & 63);
    };
    tensors[input.name] =
      input.type.dtype === 'u8'
        ? Uint8Array.from({ length: count * size }, value)
        : Float32Array.from({ length: count * size }, (_, i) => value(_, i) / 255);
  }
  for (const label of labels) {
    const size = sizeOf(label);
    const of = (_: unknown, i: number): number => Math.floor(i / size) % classes;
    tensors[label.name] =
      label.type.dtype === 'i32'
        ? Int32Array.from({ length: count * size }, of)
        : Float32Array.from({ length: count * size }, of);
  }
  return tensors;
}

describe('every example', () => {
  it.each(files)('%s gives the figures it is known for', async (file) => {
    const check = figures[file];
    expect(check, `test/examples/figures.ts has no entry for ${file}`).toBeDefined();
    await check?.();
  });

  it.each(files)('%s is documented and formatted', (file) => {
    const text = readText(examples + file) ?? '';
    expect(text).toMatch(/^\/\/\/ \S/);
    expect(format(file, text)).toMatchObject({ text });
  });

  it.each(withModel)('%s needs no more memory for inference than its order of launches must have', (file) => {
    const infer = compileExample(file, { inference: true }).report?.routines.find(
      ({ name }) => name === 'infer',
    );
    expect(infer?.planned).toBe(infer?.bound);
  });

  it.each(withTraining)('%s learns', async (file) => {
    const result = compileExample(file, { kernels: 'wasm', set: { batch_size: '8' } });
    expect(result.model).toBeDefined();
    if (result.model === undefined) return;
    const { createModel } = await importModule(result);
    const model = await createModel({ seed: 1 });
    const data = samples(result.model, 8);
    const before = (await model.evaluate(data))['loss'] ?? NaN;
    const history = await model.fit(data, { epochs: 10 });
    const losses = history.map(({ train }) => train['loss'] ?? NaN);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(0.98 * (losses[0] ?? NaN));
    expect(Number.isFinite(before)).toBe(true);
    await model.dispose();
  });
});

describe('figures', () => {
  it('are of files that exist', () => {
    expect(Object.keys(figures).filter((file) => !files.includes(file))).toEqual([]);
  });
});
