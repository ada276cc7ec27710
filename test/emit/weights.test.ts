/** Weights inside a module. */
import { expect, test } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import { moduleOf, tinyText } from '../runtime/tiny.ts';
import { compileText } from '../support/module.ts';

/** The weights of the small model with this as the first number of `head.bias`. */
async function weightsWith(value: number): Promise<Uint8Array> {
  const model = await (await moduleOf(tinyText)).createModel({ seed: 1 });
  const { tensors } = readSafetensors(await model.saveWeights());
  tensors.get('head.bias')!.data[0] = value;
  return writeSafetensors([...tensors.values()]);
}

test('half precision takes what it can hold', async () => {
  const weights = await weightsWith(-65504);
  const model = await (await moduleOf(tinyText, { weights, weightsFormat: 'f16' })).createModel();
  const { tensors } = readSafetensors(await model.saveWeights());
  expect(tensors.get('head.bias')!.data[0]).toBe(-65504);
});

test('half precision refuses what would become infinite', async () => {
  const weights = await weightsWith(65520);
  expect(() => compileText(tinyText, { weights, weightsFormat: 'f16' })).toThrow(
    /`head\.bias` contains 65520, and f16 ends at 65504/u,
  );
  expect(() => compileText(tinyText, { weights })).not.toThrow();
});
