// Trains LeNet-5 on all of MNIST for 3 epochs and on Fashion-MNIST for 5, and prints the accuracy on their test pictures.
//
//   npm run accuracy -- DIR      DIR (or the environment's CNNC_DATA) holds the folders mnist and fashion-mnist
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openData } from '../dist/compiler/data/index.js';
import { compileModel, examples, importModule, table } from './support.mjs';

const folder = process.argv[2] ?? process.env.CNNC_DATA;
if (folder === undefined || !existsSync(folder)) {
  console.error('usage: npm run accuracy -- DIR, a folder that holds the folders mnist and fashion-mnist');
  process.exit(2);
}

const runs = [
  { data: 'mnist', epochs: 3, aim: 0.985 },
  { data: 'fashion-mnist', epochs: 5, aim: 0.87 },
].filter(({ data }) => existsSync(join(folder, data)));

const { createModel, signature } = await importModule(
  compileModel({ path: join(examples, 'lenet5.cnn') }, { kernels: 'wasm' }),
);
const rows = [];
for (const { data, epochs, aim } of runs) {
  const wanted = { inputs: signature.inputs, labels: signature.labels, classes: 10 };
  const { train, test } = openData(`idx:${join(folder, data)}`, wanted);
  const model = await createModel({ seed: 1 });
  const began = performance.now();
  await model.fit(train, {
    epochs,
    onEpochEnd: ({ epoch, train: { loss, accuracy } }) =>
      console.log(
        `${data}, epoch ${epoch}: loss ${loss.toFixed(4)}, accuracy ${(100 * accuracy).toFixed(2)} %`,
      ),
  });
  const seconds = (performance.now() - began) / 1000;
  const { accuracy } = await model.evaluate(test);
  console.log(`${data}: accuracy on ${test.size} test pictures ${(100 * accuracy).toFixed(2)} %`);
  rows.push([
    data,
    epochs,
    train.size,
    `${(100 * accuracy).toFixed(2)} %`,
    `>= ${100 * aim} %`,
    `${seconds.toFixed(0)} s`,
  ]);
  await model.dispose();
}
table(
  'LeNet-5, seed 1, accuracy on the test pictures',
  ['', 'epochs', 'pictures', 'accuracy', 'aim', 'training'],
  rows,
);
