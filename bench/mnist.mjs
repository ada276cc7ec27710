// LeNet-5 on all of MNIST: its accuracy, and how long it trains on one core.
//
//   npm run bench -- mnist DIR [EPOCHS]      DIR (or the environment's CNNC_DATA) holds the folder mnist with the IDX files as distributed
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openData } from '../dist/compiler/data/index.js';
import { compileModel, examples, importModule, table } from './support.mjs';

export async function mnist([folder = process.env.CNNC_DATA, epochs = '2']) {
  if (folder === undefined || !existsSync(join(folder, 'mnist'))) {
    console.error('usage: npm run bench -- mnist DIR [EPOCHS], a folder that holds the folder mnist');
    process.exit(2);
  }
  const { createModel, signature } = await importModule(
    compileModel({ path: join(examples, 'lenet5.cnn') }, { kernels: 'wasm' }),
  );
  const { train, test } = openData(`idx:${join(folder, 'mnist')}`, {
    inputs: signature.inputs,
    labels: signature.labels,
    classes: 10,
  });
  const model = await createModel({ seed: 1, threads: 1 });
  const before = process.cpuUsage();
  const began = performance.now();
  await model.fit(train, { epochs: Number(epochs) });
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  const { accuracy } = await model.evaluate(test);
  table(
    `LeNet-5 on MNIST, ${model.info.target}, one thread, seed 1`,
    ['', 'measured', 'aim'],
    [
      [`accuracy on ${test.size} test pictures`, `${(100 * accuracy).toFixed(2)} %`, '>= 98.5 %'],
      [`training, ${epochs} epochs of ${train.size}`, `${seconds.toFixed(1)} s`, '< 15 s'],
      ['processor time of it', `${((user + system) / 1e6).toFixed(1)} s`, ''],
    ],
  );
  await model.dispose();
}
