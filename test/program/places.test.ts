import { expect, test } from 'vitest';
import { compile } from '../../compiler/compile.ts';

const texts: Record<string, string> = {
  'block.cnn': 'layer Block()(x: f32[N, k]) { return x -> Dense(2) -> relu }',
  'm.cnn': `import Block from "./block.cnn"
model M { input x: f32[3] x -> Block -> Dense(1) -> output y }
train M { label t: f32[1] loss: mean_squared_error(t, y) optimizer: SGD() batch_size: 2 epochs: 1 }`,
};

test('the output is the same wherever the folder of the sources lies', () => {
  const outputs = ['', 'here/', '/there/and/further/'].map((folder) => {
    const read = (path: string) => (path.startsWith(folder) ? texts[path.slice(folder.length)] : undefined);
    return compile({ entry: `${folder}m.cnn`, read }, { target: 'ts' }).files;
  });
  expect(outputs[0]).toHaveLength(1);
  expect(outputs[0]![0]!.content).toMatch(/\bblock\.cnn:1 /);
  expect(outputs[1]).toEqual(outputs[0]);
  expect(outputs[2]).toEqual(outputs[0]);
});
