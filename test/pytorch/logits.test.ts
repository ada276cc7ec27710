import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Tensors } from '../examples/harness.ts';
import { compileExample, examples, importModule, writeSafetensors } from '../examples/harness.ts';
import { bits, weight } from './numbers.ts';

interface Logits {
  /** Height and width of the picture. */
  readonly size: number;
  /** Every how many-th logit is in `some`. */
  readonly step: number;
  readonly some: readonly number[];
  /** The root of the mean of the squares of all. */
  readonly rms: number;
}
const reference = JSON.parse(readFileSync(new URL('logits.json', import.meta.url), 'utf8')) as {
  readonly madeBy: string;
  readonly logits: Readonly<Record<string, Logits>>;
};

/** The model without its last step, which makes probabilities of logits. */
const withoutSoftmax = (name: string): string =>
  readFileSync(`${examples}${name}.cnn`, 'utf8').replace(/, activation: softmax| *-> softmax\n/, '');

async function logitsOf(name: string, size: number): Promise<Float32Array> {
  const text = withoutSoftmax(name);
  const set = text.includes('size: int') ? { size: `${size}` } : {};
  const compiled = compileExample(`${name}.cnn`, { kernels: 'wasm', inference: true, set }, text);
  const parameters = compiled.model?.graphs.infer.parameters ?? [];
  const tensors = parameters.flatMap(({ name: path, role, type: { shape } }) =>
    role === 'input'
      ? []
      : [[path, { shape: shape.map(Number), data: weight(path, shape.map(Number)) }] as const],
  );
  const { createModel } = await importModule(compiled);
  const model = await createModel({ weights: writeSafetensors(new Map(tensors)) });
  const image = Uint8Array.from(bits(`image ${name}`, size * size * 3), (b) => b & 255);
  const [logits = new Float32Array()] = Object.values(await model.predict({ image } satisfies Tensors));
  await model.dispose();
  return logits;
}

describe(`the logits of one picture are those of ${reference.madeBy}`, () => {
  it.each(Object.entries(reference.logits))('%s', async (name, { size, step, some, rms }) => {
    const logits = await logitsOf(name, size);
    expect(some.length).toBe(Math.ceil(logits.length / step));
    const differences = some.map((value, i) => Math.abs((logits[i * step] ?? NaN) - value) / rms);
    expect(Math.max(...differences), differences.map((d) => d.toExponential(1)).join(' ')).toBeLessThan(1e-4);
    const squares = logits.reduce((sum, value) => sum + value * value, 0);
    expect(Math.sqrt(squares / logits.length) / rms).toBeCloseTo(1, 4);
  });
});
