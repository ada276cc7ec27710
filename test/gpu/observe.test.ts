/** `observe` on WebGPU: the same layers and gradients as on the CPU. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { CompileOptions } from '../../compiler/compile.ts';
import { compile } from '../../compiler/compile.ts';
import type { Source } from '../../compiler/index.ts';
import type { Batch, GpuLike, GpuOptions, InferenceModel, Observable } from '../../runtime/types.ts';
import { adapter, describeGpu } from '../support/gpu.ts';
import { importFiles } from '../support/module.ts';

interface ObservableModule {
  createModel(options: GpuOptions): Promise<InferenceModel<Batch, Batch> & Observable<Batch, Batch>>;
}

const example = (path: string): string => readFileSync(`dsl-examples/${path}`, 'utf8');

/** Bytes and floats, branches, a layer twice, two outputs, one of them no probability. */
const twoEyes = `import Residual from "./residual.cnn"
model TwoEyes {
  input left: u8[8, 8, 3]
  input right: f32[8, 8, 3]
  shared eye = Residual(4, strides: 2)
  both = [left -> Rescaling(1 / 255) -> eye, right -> eye] -> Concatenate
  both -> MaxPooling2D -> Flatten -> Dense(3, activation: softmax) -> output kind(classes: ["a", "b", "c"])
  both -> GlobalAveragePooling2D -> Dense(4) as where -> output box
}`;

const wave = (i: number): number => 0.5 + 0.5 * Math.sin((i + 1) * 0.37 + 0.01 * i * i);
const bytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Math.round(255 * wave(i)));

const cases: [name: string, text: string, inputs: Batch, options: CompileOptions][] = [
  ['digits.cnn', example('digits.cnn'), { image: bytes(784) }, { set: { width: '4' }, inference: true }],
  ['lenet5.cnn', example('lenet5.cnn'), { image: bytes(784) }, { inference: true }],
  [
    'two eyes',
    twoEyes,
    { left: bytes(192), right: Float32Array.from({ length: 192 }, (_, i) => wave(2 * i)) },
    {},
  ],
];

describeGpu('observe', () => {
  test.each(cases)('%s: as on the CPU', async (_, text, inputs, options) => {
    const source: Source = {
      entry: 'model.cnn',
      read: (path) => (path === 'model.cnn' ? text : example(path)),
    };
    const moduleOf = async (target: CompileOptions): Promise<ObservableModule> => {
      const { files, diagnostics } = compile(source, { observe: true, ...options, ...target });
      expect(diagnostics).toEqual([]);
      return (await importFiles(files)) as unknown as ObservableModule;
    };
    const cpu = await (await moduleOf({ target: 'js' })).createModel({ seed: 7 });
    const module = await moduleOf({ target: 'wgsl', language: 'js' });
    const model = await module.createModel({ seed: 7, gpu: adapter?.gpu as GpuLike });
    const expected = await cpu.observe(inputs);
    // Again, with other numbers in between: nothing of them is left.
    await model.observe(
      Object.fromEntries(Object.entries(inputs).map(([key, view]) => [key, view.slice().fill(1)])),
    );
    const seen = await model.observe(inputs);
    const shape = ({ values, ...rest }: { values: Float32Array }): object => ({
      ...rest,
      size: values.length,
    });
    expect(seen.layers.map(shape)).toEqual(expected.layers.map(shape));
    expect(seen.saliency.map(shape)).toEqual(expected.saliency.map(shape));
    const all = ({ layers, saliency, outputs }: typeof seen): ArrayLike<number>[] => [
      ...[...layers, ...saliency].map(({ values }) => values),
      ...Object.values(outputs),
    ];
    all(seen).forEach((values, k) => {
      const wanted = Array.from(all(expected)[k]!);
      const bound = Math.max(1e-30, ...wanted.map(Math.abs));
      const errors = Array.from(values, (value, i) => Math.abs(value - wanted[i]!) / bound);
      expect(Math.max(...errors)).toBeLessThan(1e-4);
    });
    await model.dispose();
  });
});
