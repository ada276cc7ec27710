/** Names and strings of a `.cnn` file are data in the output, never code. */
import { expect, test } from 'vitest';
import { compileText, importFiles } from '../support/module.ts';

const hostile = [
  '*/ globalThis.hacked = 1 /*',
  '`${globalThis.hacked = 1}`',
  '"); globalThis.hacked = 1; ("',
  '</script>',
  '\\u2028',
];

test.each(['ts', 'js'] as const)('class names stay strings (%s)', async (target) => {
  const classes = hostile.map((name) => JSON.stringify(name)).join(', ');
  const { files } = compileText(
    `model M { input x: f32[2] x -> Dense(${hostile.length}, activation: softmax) -> output y(classes: [${classes}]) }`,
    { target },
  );
  for (const { content } of files) expect(content).not.toMatch(/\*\/ globalThis/);
  if (target === 'ts') return;
  const module = await importFiles(files);
  expect(module.classes).toEqual({ y: hostile });
  expect('hacked' in globalThis).toBe(false);
});

const names = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'hasOwnProperty',
  'eval',
  'arguments',
  'class',
  'await',
  'model',
];

test.each(names)('a model, a layer, an input, an output and a label called %s', async (name) => {
  const { files } = compileText(
    `layer ${name}_layer(units: int)(x: f32[N, k]) { return x -> Dense(units) as ${name} }
     model ${name} { input ${name}: f32[2]  ${name} -> ${name}_layer(units: 3) as shared_${name} -> Dense(1) as ${name}_2 -> output ${name}_out }
     train ${name} {
       label ${name}_truth: f32[1]
       loss: mean_squared_error(${name}_truth, ${name}_out)
       optimizer: SGD()
       batch_size: 2
     }`,
  );
  const { createModel } = await importFiles(files);
  const model = await createModel({ seed: 1 });
  const inputs = Object.fromEntries([[name, Float32Array.of(1, 2, 3, 4)]]);
  const result = await model.predict(inputs);
  expect(Object.keys(result)).toEqual([`${name}_out`]);
  expect(result[`${name}_out`]).toHaveLength(2);
  const history = await model.fit({ ...inputs, [`${name}_truth`]: Float32Array.of(0, 1) }, { epochs: 1 });
  expect(history[0]!.train['loss']).toBeGreaterThan(0);
});
