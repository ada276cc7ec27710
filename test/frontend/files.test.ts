import { describe, expect, it } from 'vitest';
import { resolvePath } from '../../compiler/frontend/files.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import { chain, codesOf, diagnosticsOf, modelOf, opsOf, run } from './support.ts';

describe('paths', () => {
  it.each([
    ['model.cnn', './a.cnn', 'a.cnn'],
    ['model.cnn', 'a.cnn', 'a.cnn'],
    ['nets/model.cnn', './a.cnn', 'nets/a.cnn'],
    ['nets/model.cnn', '../a.cnn', 'a.cnn'],
    ['nets/model.cnn', '../../a.cnn', '../a.cnn'],
    ['/home/me/model.cnn', '../a/./b.cnn', '/home/a/b.cnn'],
    ['../model.cnn', '../a.cnn', '../../a.cnn'],
    ['model.cnn', '/a.cnn', undefined],
    ['model.cnn', 'C:\\a.cnn', undefined],
    ['model.cnn', 'https://a/b.cnn', undefined],
    ['model.cnn', '', undefined],
  ])('from %s, %s is %s', (from, path, expected) => expect(resolvePath(from, path)).toBe(expected));
});

describe('imports', () => {
  const layer = (name: string, body = 'relu') => `layer ${name}()(x) {\n  return x -> ${body}\n}\n`;
  const using = (name: string, from: string) => `import ${name} from "${from}"\n${chain('f32[4]', name)}`;

  it('reach layers and models of other files, through folders', () => {
    const files = {
      'lib/a.cnn': `import Inner from "./deep/b.cnn"\n${layer('Outer', 'Inner -> tanh')}`,
      'lib/deep/b.cnn': layer('Inner', 'sigmoid'),
    };
    expect(opsOf(modelOf(using('Outer', './lib/a.cnn'), {}, files).graphs.infer)).toEqual([
      'sigmoid',
      'tanh',
    ]);
    // Only what a file declares itself.
    expect(codesOf(using('Inner', './lib/a.cnn'), files)).toEqual(['E0205']);
  });

  it('bring no names along', () => {
    const files = { 'a.cnn': `${layer('Outer', 'Helper')}${layer('Helper')}` };
    expect(codesOf(`import Outer from "./a.cnn"\n${chain('f32[4]', 'Outer -> Helper')}`, files)).toEqual([
      'E0201',
    ]);
  });

  it('in a circle are reported once, with the circle', () => {
    const files = {
      'a.cnn': `import B from "./b.cnn"\n${layer('A', 'B')}`,
      'b.cnn': `import A from "./a.cnn"\n${layer('B', 'A')}`,
    };
    const { diagnostics } = run(using('A', './a.cnn'), {}, files);
    expect(diagnostics.map(({ code, span }) => `${code} ${span.file}`)).toEqual(['E0204 b.cnn']);
    expect(diagnostics[0]?.message).toContain('a.cnn → b.cnn → a.cnn');
  });

  it('report errors where they are, and once', () => {
    const files = { 'a.cnn': layer('A', 'Conv2D(3, 3x3)') };
    const text = `import A from "./a.cnn"\n${chain('f32[4]', 'A -> A')}`;
    const found = diagnosticsOf(text, files);
    expect(found.map(({ code, span }) => `${code} ${span.file}`)).toEqual(['E0450 a.cnn']);
    expect(found[0]?.notes.some(({ span }) => span?.file === 'model.cnn')).toBe(true);
  });

  it('twice of the same file are one file', () => {
    const files = { 'a.cnn': `${layer('A')}${layer('B', 'tanh')}` };
    const text = `import A from "./a.cnn"\nimport B from "./a.cnn"\n${chain('f32[4]', 'A -> B')}`;
    expect(codesOf(text, files)).toEqual([]);
    expect(codesOf(text.replace('import B', 'import A'), files)).toEqual(['E0202', 'E0201']);
  });

  it('of syntax errors show them, and no others', () => {
    const files = { 'a.cnn': 'layer A()(x) { return x -> }\n' };
    expect(codesOf(using('A', './a.cnn'), files).every((code) => code.startsWith('E01'))).toBe(true);
  });
});

describe('redefinitions', () => {
  it('count for the file, never for the prelude', () => {
    const mine = `layer relu()(x) {\n  return tanh(x)\n}\nlayer softmax()(x) {\n  return sigmoid(x)\n}\n`;
    const { graphs } = modelOf(`${mine}${chain('f32[4]', 'relu -> ReLU -> Softmax')}`);
    // The prelude's ReLU and Softmax are built of the prelude's and the registry's own.
    expect(opsOf(graphs.infer).slice(0, 3)).toEqual(['tanh', 'relu', 'max']);
    expect(opsOf(graphs.infer)).not.toContain('sigmoid');
  });
});

describe('the model', () => {
  const two = `${chain('f32[4]', 'Dense(1)')}${chain('f32[4]', 'Dense(2)').replace('Net', 'Other')}`;
  const train = (name: string) =>
    `train ${name} {\n  label t: f32[1]\n  loss: mean_squared_error(t, y)\n  optimizer: SGD\n}\n`;

  it('is the named one, the last with a train block, or the last', () => {
    expect(modelOf(two).name).toBe('Other');
    expect(modelOf(two, { model: 'Net' }).name).toBe('Net');
    expect(modelOf(`${two}${train('Net')}`).name).toBe('Net');
    expect(run(two, { model: 'Nett' }).diagnostics[0]?.notes[0]?.message).toContain('Net');
  });

  it('has no training without a train block', () => {
    const model = modelOf(`${two}${train('Net')}`, { model: 'Other' });
    expect(model.training).toBeUndefined();
    expect(Object.keys(model.graphs)).toEqual(['infer']);
  });

  it('need not exist to check a file', () => {
    expect(run('layer A()(x) {\n  return x\n}\n', { check: true }).diagnostics).toEqual([]);
    expect(run('layer A()(x) {\n  return x\n}\n').diagnostics.map(({ code }) => code)).toEqual(['E0207']);
    const wrong = two.replace('Dense(1)', 'Conv2D(1, 3)');
    expect(run(wrong).diagnostics).toEqual([]);
    expect(run(wrong, { check: true }).diagnostics.map(({ code }) => code)).toEqual(['E0450']);
  });

  it('cannot be read where there is no file', () => {
    const { diagnostics } = analyze({ entry: 'none.cnn', read: () => undefined });
    expect(diagnostics.map(({ code }) => code)).toEqual(['E0203']);
  });
});

describe('names nobody uses', () => {
  it('are checked in unused layers and branches not taken', () => {
    const unused = `layer Unused()(x) {\n  y = if true then x else x -> Nothing\n  return y -> relu\n}\n`;
    expect(codesOf(`${unused}${chain('f32[4]', 'relu')}`)).toEqual(['E0201']);
  });

  it('are not checked for shapes in branches not taken', () => {
    const layer = `layer L()(x: f32[N, k]) {\n  return if k == 4 then x else x -> Conv2D(3, 3x3)\n}\n`;
    expect(codesOf(`${layer}${chain('f32[4]', 'L')}`)).toEqual([]);
    expect(codesOf(`${layer}${chain('f32[5]', 'L')}`)).toEqual(['E0450']);
  });

  it('of a branch stay in it', () => {
    const layer = (last: string) => `layer L()(x: f32[N, k]) {
  y = if k == 4 then x -> Dense(3) as a -> Dense(k) else x -> Dense(3) as a
  return ${last}
}
`;
    expect(codesOf(`${layer('y')}${chain('f32[4]', 'L')}`)).toEqual([]);
    expect(codesOf(`${layer('a')}${chain('f32[4]', 'L')}`)).toEqual(['E0201']);
  });
});

describe('recursion', () => {
  it.each([
    ['layer A()(x) {\n  return x -> A\n}\n', 'A'],
    ['layer A()(x) {\n  return x -> B\n}\nlayer B()(x) {\n  return if true then x else x -> A\n}\n', 'A'],
    ['layer A(s: stage = A)(x) {\n  return x -> s\n}\n', 'A'],
    ['layer A()(x) {\n  return x -> Activation(A)\n}\n', 'A'],
  ])('%s', (layers, name) => expect(codesOf(`${layers}${chain('f32[4]', name)}`)).toEqual(['E0206']));
});
