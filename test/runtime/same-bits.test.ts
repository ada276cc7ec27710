/** WebAssembly, at any number of threads, and TypeScript kernels give the same bits: every example, trained and predicting. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Model } from '../../compiler/frontend/model.ts';
import type { Port } from '../../compiler/program/interface.ts';
import type { Elements } from '../../runtime/types.ts';
import { arrayTypes, sizeOf } from '../../runtime/arrays.ts';
import { examples, compileExample, importModule, readText } from '../examples/harness.ts';
import { hex } from './tiny.ts';

/** What a slow machine computes in TypeScript within a second or so. */
const largestInput = 32 * 32 * 3;

const models = readdirSync(examples).flatMap((entry) => {
  if (!entry.endsWith('.cnn')) return [];
  const { model } = analyze({ entry, read: (path) => readText(examples + path) }, {});
  const sizes = model?.inputs.map(({ type }) => sizeOf(type.shape.map(Number))) ?? [];
  return model && Math.max(...sizes) <= largestInput ? [{ entry, model }] : [];
});

const samples = 3;

function dataOf({ inputs, training }: Model): Record<string, Elements> {
  let state = 1;
  const random = (): number => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
  const array = ({ name, type }: Port, below: number) => {
    const made = new arrayTypes[type.dtype](samples * sizeOf(type.shape.map(Number)));
    const whole = type.dtype !== 'f32' || below === 2;
    for (let i = 0; i < made.length; i++) made[i] = whole ? Math.floor(random() * below) : random() - 0.5;
    return [name, made] as const;
  };
  const labels = training?.labels ?? [];
  return Object.fromEntries([...inputs.map((p) => array(p, 256)), ...labels.map((p) => array(p, 2))]);
}

test('most examples are small enough', () => expect(models.length).toBeGreaterThan(9));

test.each(models)('$entry', async ({ entry, model }) => {
  const data = dataOf(model);
  const inputs = Object.fromEntries(model.inputs.map(({ name }) => [name, data[name]!]));
  const set = model.training ? { set: { batch_size: '2' } } : {};
  const script = importModule(compileExample(entry, { kernels: 'ts', ...set }));
  const wasm = importModule(compileExample(entry, { kernels: 'wasm', ...set }));
  const run = async (module: typeof wasm, threads = 1): Promise<unknown> => {
    const { createModel } = await module;
    const made = await createModel({ seed: 7, threads });
    const before = await made.predict(inputs);
    const history = model.training ? await made.fit(data, { epochs: 1 }) : [];
    const scores = model.training ? await made.evaluate(data) : {};
    const after = await made.predict(inputs);
    const weights = await hex(made.saveWeights());
    await made.dispose();
    return { before, history, scores, after, weights };
  };
  const expected = await run(script);
  for (const threads of [1, 2, 3]) expect(await run(wasm, threads)).toEqual(expected);
});
