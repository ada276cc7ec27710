/** `observe`: what each layer makes of a sample, and the gradients by the inputs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { CompileOptions } from '../../compiler/compile.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Source } from '../../compiler/frontend/index.ts';
import type { Model } from '../../compiler/frontend/model.ts';
import type { Value } from '../../compiler/graph/ir.ts';
import { readSafetensors } from '../../runtime/safetensors.ts';
import type {
  Batch,
  CreateOptions,
  InferenceModel,
  Observable,
  TrainableModel,
} from '../../runtime/types.ts';
import { compile } from '../../compiler/compile.ts';
import type { Tensor } from '../support/evaluate.ts';
import { evaluate, tensorOf } from '../support/evaluate.ts';
import { importFiles } from '../support/module.ts';
import { failure, points, tinyText } from './tiny.ts';

interface ObservableModule {
  createModel(options: CreateOptions): Promise<InferenceModel<Batch, Batch> & Observable<Batch, Batch>>;
}

const examples = fileURLToPath(new URL('../../dsl-examples', import.meta.url));

function example(name: string): Source {
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(join(examples, path), 'utf8');
    } catch {
      return undefined;
    }
  };
  return { entry: name, read };
}

const ofText = (text: string): Source => ({
  entry: 'model.cnn',
  read: (path) => (path === 'model.cnn' ? text : undefined),
});

async function moduleOf(source: Source, options: CompileOptions = {}): Promise<ObservableModule> {
  const { files, diagnostics } = compile(source, { target: 'js', observe: true, ...options });
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return (await importFiles(files)) as unknown as ObservableModule;
}

/** Numbers that look like a picture of the element type. */
function sampleOf({ inputs }: Model): Batch {
  return Object.fromEntries(
    inputs.map(({ name, type: { dtype, shape } }, k) => {
      const size = shape.reduce<number>((product, extent) => product * Number(extent), 1);
      const wave = (i: number): number => 0.5 + 0.5 * Math.sin((i + 1) * 0.37 * (k + 1) + 0.01 * i * i);
      return [
        name,
        dtype === 'u8'
          ? Uint8Array.from({ length: size }, (_, i) => Math.round(255 * wave(i)))
          : Float32Array.from({ length: size }, (_, i) => wave(i)),
      ];
    }),
  );
}

/** Outputs and layers in f64, straight from what ops say. `inputs` may be other numbers than the element type has. */
function oracle(model: Model, weights: Uint8Array, inputs: Readonly<Record<string, ArrayLike<number>>>) {
  const { graph, layers } = model.observe!;
  const saved = readSafetensors(weights).tensors;
  const known = new Map<Value, Tensor>(
    graph.parameters.map((parameter) => {
      const data = inputs[parameter.name] ?? saved.get(parameter.name)!.data;
      return [parameter, tensorOf(parameter.type, 1, Array.from(data))];
    }),
  );
  const returned = graph.returns.slice(0, model.outputs.length + layers.length);
  const results = returned.map(({ value }) => evaluate(value, known, 1).data);
  return {
    outputs: Object.fromEntries(model.outputs.map(({ name }, i) => [name, results[i]!])),
    layers: results.slice(model.outputs.length),
  };
}

const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));

function expectClose(values: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(values.length).toBe(expected.length);
  const bound = Math.max(1e-30, largest(expected));
  const errors = Array.from(values, (value, i) => Math.abs(value - expected[i]!) / bound);
  expect(Math.max(...errors)).toBeLessThan(tolerance);
}

describe('layers', () => {
  test('of the edge filter, by known numbers', async () => {
    const model = await (await moduleOf(example('edge_filter.cnn'))).createModel({ seed: 1 });
    const image = Float32Array.from({ length: 16 }, (_, i) => i + 1);
    const { outputs, layers, saliency } = await model.observe({ image });
    const edges = [8, 8, 8, 8, 8, 8, 8, 8, 8];
    const padded = [1, 5, 4, 4, 8, 4, -13, -29, -16];
    expect(outputs).toEqual({
      edges: Float32Array.from(edges),
      padded: Float32Array.from(padded),
      strided: Float32Array.from([8, 8, 8, 8]),
    });
    expect(layers.map(({ values, ...layer }) => [layer, [...values]])).toEqual([
      [{ name: 'edges_1', kind: 'Edges', line: 21, depth: 0, shape: [3, 3, 1] }, edges],
      [{ name: 'edges_2', kind: 'Edges', line: 22, depth: 0, shape: [3, 3, 1] }, padded],
      [{ name: 'edges_3', kind: 'Edges', line: 23, depth: 0, shape: [2, 2, 1] }, [8, 8, 8, 8]],
    ]);
    // The gradient of the sum: how often a pixel stands in the lower row of the filter, less how often in the upper one.
    const [top, inner] = [
      [-1, -2, -2, -1],
      [0, 0, 0, 0],
    ];
    expect(saliency[0]).toEqual({
      output: 'edges',
      input: 'image',
      values: Float32Array.from([...top!, ...inner!, ...inner!, ...top!.map((value) => -value)]),
    });
    expect(saliency.map(({ output }) => output)).toEqual(['edges', 'padded', 'strided']);
  });

  test('are those that a person wrote, without what changes nothing', async () => {
    const text = `layer Block(n: int)(x: f32[N, k]) {
  y = x -> Dense(n) -> relu
  return x + (y -> Dense(3))
}
layer Wrapped()(x: f32[N, k]) {
  return x -> Dense(3)
}
model M {
  input x: f32[3]
  shared twice = Dense(3)
  x -> Dropout(0.5) -> Activation(linear) -> twice -> twice -> Block(4) -> Wrapped -> argmax -> output y
}`;
    const model = await (await moduleOf(ofText(text))).createModel({ seed: 1 });
    const { layers, outputs, saliency } = await model.observe({ x: Float32Array.of(1, -2, 3) });
    expect(layers.map(({ name, kind, line, depth, shape }) => [name, kind, line, depth, shape])).toEqual([
      ['twice', 'Dense', 11, 0, [3]],
      ['twice', 'Dense', 11, 0, [3]],
      ['block', 'Block', 11, 0, [3]],
      ['block.y.dense', 'Dense', 2, 1, [4]],
      ['block.y.relu', 'relu', 2, 1, [4]],
      ['block.dense', 'Dense', 3, 1, [3]],
      ['wrapped', 'Wrapped', 11, 0, [3]],
      ['argmax', 'argmax', 11, 0, []],
    ]);
    expect(layers.at(-1)!.values).toEqual(Float32Array.from(outputs['y']!));
    // A whole number has no gradient.
    expect(saliency).toEqual([]);
  });
});

/** Two pictures, one layer for both, a block, two outputs of which one is no probability. */
const twoEyes = `layer Block(filters: int)(x: f32[N, h, w, c]) {
  return (x -> Conv2D(filters, 3x3, padding: same) -> BatchNormalization) + (x -> Conv2D(filters, 1x1)) -> relu
}
model TwoEyes {
  input left: u8[6, 6, 3]
  input right: f32[6, 6, 3]
  shared eye = Block(2)
  both = [left -> Rescaling(1 / 255) -> eye, right -> eye] -> Concatenate
  both -> MaxPooling2D -> Flatten -> Dense(3, activation: softmax) -> output kind(classes: ["a", "b", "c"])
  both -> GlobalAveragePooling2D -> Dense(4) as where -> output box
}`;

/** Small enough for the oracle, which goes number by number. */
const models: readonly (readonly [name: string, source: Source, set: Readonly<Record<string, string>>])[] = [
  ['digits.cnn', example('digits.cnn'), { width: '2' }],
  ['neuron.cnn', example('neuron.cnn'), {}],
  ['two eyes', ofText(twoEyes), {}],
];

describe.each(models)('%s', (_, source, set) => {
  const model = analyze(source, { observe: true, set }).model!;
  const inputs = sampleOf(model);

  test('the same bits from WebAssembly and TypeScript, close to the formulas', async () => {
    const observations = [];
    for (const kernels of ['wasm', 'ts'] as const) {
      const made = await (await moduleOf(source, { kernels, set })).createModel({ seed: 5 });
      const observation = await made.observe(inputs);
      observations.push(observation);
      const expected = oracle(model, await made.saveWeights(), inputs);
      observation.layers.forEach(({ values }, i) => expectClose(values, expected.layers[i]!, 1e-5));
      for (const [key, values] of Object.entries(await made.predict(inputs)))
        expectClose(observation.outputs[key]!, values, 1e-6);
    }
    expect(observations[1]).toEqual(observations[0]);
  });

  test('saliency is the slope of the objective', async () => {
    const made = await (await moduleOf(source, { set })).createModel({ seed: 5 });
    const weights = await made.saveWeights();
    const { saliency, outputs } = await made.observe(inputs);
    expect(saliency.length).toBe(model.inputs.length * model.outputs.length);
    for (const { output, input, values } of saliency) {
      const said = outputs[output]!;
      const best = said.indexOf(Math.max(...said));
      const objective = (numbers: ArrayLike<number>): number => {
        const y = oracle(model, weights, { ...inputs, [input]: numbers }).outputs[output]!;
        if (output === 'box') return y.reduce((a, b) => a + b, 0);
        // The odds of what is most probable; one number is the probability of one of two things.
        const p = y.length === 1 ? Math.max(y[0]!, 1 - y[0]!) : y[best]!;
        return Math.log(p / (1 - p));
      };
      // The strongest place and another.
      const strongest = values.findIndex((value) => Math.abs(value) === largest(values));
      for (const place of [strongest, Math.floor(values.length / 2)]) {
        const moved = (step: number): number[] =>
          Array.from(inputs[input]!, (value, i) => (i === place ? value + step : value));
        const step = 1e-4;
        const slope = (objective(moved(step)) - objective(moved(-step))) / (2 * step);
        expect(Math.abs(values[place]! - slope)).toBeLessThan(1e-4 * largest(values) + 1e-9);
      }
    }
  });
});

test.each(['detector.cnn', 'transfer.cnn'])(
  '%s: the same bits from WebAssembly and TypeScript, and those of predict but for rounding',
  async (name) => {
    const inputs = sampleOf(analyze(example(name)).model!);
    const observations = [];
    for (const kernels of ['wasm', 'ts'] as const) {
      const module = await moduleOf(example(name), { kernels, inference: true });
      const made = await module.createModel({ seed: 5 });
      observations.push(await made.observe(inputs));
      for (const [key, values] of Object.entries(await made.predict(inputs)))
        expectClose(observations.at(-1)!.outputs[key]!, values, 1e-5);
    }
    expect(observations[1]).toEqual(observations[0]);
  },
);

describe('saliency', () => {
  const sure = (activation: string, classes: string): string => `model M {
  input x: f32[2]
  x -> Dense(${activation === 'sigmoid' ? 1 : 3}, activation: ${activation}, kernel_initializer: constant(${
    activation === 'sigmoid' ? '[60, -90]' : '[60, -90, 0, 10, 0, 20]'
  })) -> output y${classes}
}`;

  test('is there even where a probability is 1', async () => {
    const softmax = await (await moduleOf(ofText(sure('softmax', '')))).createModel({ seed: 1 });
    const x = Float32Array.of(3, 1);
    const seen = await softmax.observe({ x });
    expect([...seen.outputs['y']!]).toEqual([1, 0, 0]);
    // The second class of the others by far is the last: exp(20) against exp(-270).
    expect([...seen.saliency[0]!.values]).toEqual([60 - 0, 10 - 20]);
    const sigmoid = await (await moduleOf(ofText(sure('sigmoid', '')))).createModel({ seed: 1 });
    expect([...(await sigmoid.observe({ x })).saliency[0]!.values]).toEqual([60, -90]);
    // The other side of one half: of its odds.
    const other = await sigmoid.observe({ x: Float32Array.of(1, 3) });
    expect([...other.saliency[0]!.values]).toEqual([-60, 90]);
  });

  test('of numbers with class names is that of the largest, of others that of the sum', async () => {
    const x = Float32Array.of(3, 1);
    const named = await (
      await moduleOf(ofText(sure('linear', '(classes: ["a", "b", "c"])')))
    ).createModel({ seed: 1 });
    expect([...(await named.observe({ x })).saliency[0]!.values]).toEqual([60, 10]);
    const plain = await (await moduleOf(ofText(sure('linear', '')))).createModel({ seed: 1 });
    expect([...(await plain.observe({ x })).saliency[0]!.values]).toEqual([60 - 90 + 0, 10 + 0 + 20]);
  });

  test('of bytes that are reshaped before they are numbers', async () => {
    const text = `model M {
  input a: u8[2, 2, 1]
  input b: i32[2]
  left = a -> Flatten -> Rescaling(1 / 2)
  right = cast(b, to: f32) -> Rescaling(3)
  [left, right, cast(b, to: f32)] -> Concatenate -> output y
}`;
    const model = await (await moduleOf(ofText(text))).createModel({ seed: 1 });
    const { saliency } = await model.observe({ a: Uint8Array.of(1, 2, 3, 4), b: Int32Array.of(5, 6) });
    expect(saliency).toEqual([
      { output: 'y', input: 'a', values: Float32Array.of(0.5, 0.5, 0.5, 0.5) },
      { output: 'y', input: 'b', values: Float32Array.of(4, 4) },
    ]);
  });

  test('is missing where an op on the way has no gradient', async () => {
    const text = `model M {
  input a: f32[3]
  masked = relu_gradient(a, a)
  masked -> output y
  a -> output z
}`;
    const model = await (await moduleOf(ofText(text))).createModel({ seed: 1 });
    const { saliency } = await model.observe({ a: Float32Array.of(1, -2, 3) });
    expect(saliency).toEqual([{ output: 'z', input: 'a', values: Float32Array.of(1, 1, 1) }]);
  });

  test('is zero for an input that an output does not hang on', async () => {
    const text = `model M {
  input a: f32[2]
  input b: f32[3]
  a -> output y
  b -> relu -> output z
}`;
    const model = await (await moduleOf(ofText(text))).createModel({ seed: 1 });
    const { saliency, outputs } = await model.observe({
      a: Float32Array.of(1, 2),
      b: Float32Array.of(-3, 4, 5),
    });
    expect(outputs).toEqual({ y: Float32Array.of(1, 2), z: Float32Array.of(0, 4, 5) });
    expect(saliency.map(({ output, input, values }) => [output, input, ...values])).toEqual([
      ['y', 'a', 1, 1],
      ['y', 'b', 0, 0, 0],
      ['z', 'a', 0, 0],
      ['z', 'b', 0, 1, 1],
    ]);
  });
});

describe('the method', () => {
  test('takes one sample, and says so', async () => {
    const model = await (await moduleOf(ofText(tinyText))).createModel({ seed: 3 });
    expect(await failure(model.observe({ x: points(2).x }))).toMatchObject({
      code: 'input',
      message: 'observe takes one sample, got 2',
    });
    expect(await failure(model.observe({}))).toMatchObject({ code: 'input' });
    await model.dispose();
    expect(await failure(model.observe({ x: points(1).x }))).toMatchObject({ code: 'disposed' });
  });

  test('gives copies, and what the weights are at that moment of training', async () => {
    const module = await moduleOf(ofText(tinyText));
    const model = (await module.createModel({ seed: 3 })) as TrainableModel<Batch, Batch, Batch> &
      Observable<Batch, Batch>;
    const x = points(1).x;
    const before = await model.observe({ x });
    const kept = structuredClone(before);
    const seen: number[] = [];
    await model.fit(points(18), {
      onEpochEnd: async () => {
        const { outputs } = await model.observe({ x });
        const { kind } = await model.predict({ x });
        expectClose(outputs['kind']!, kind!, 1e-6);
        seen.push(outputs['kind']![0]!);
      },
    });
    expect(new Set(seen).size).toBe(3);
    expect(before).toEqual(kept);
  });

  test('costs nothing where it was not asked for', () => {
    for (const target of ['ts', 'js'] as const) {
      const plain = compile(example('digits.cnn'), { target });
      for (const { content } of plain.files) {
        const names = content.match(/\w*observ\w*/giu) ?? [];
        // The name of a routine in a type.
        expect(names.filter((name) => name !== 'observe' || target === 'js')).toEqual([]);
      }
      expect(plain.report!.routines.map(({ name }) => name)).not.toContain('observe');
    }
  });
});
