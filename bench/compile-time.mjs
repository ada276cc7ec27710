// How long a compile takes, from text to files: of examples, and of chains of more and more layers.
import { join } from 'node:path';
import { compileModel, examples, median, ms, startUp, table, timed } from './support.mjs';

const lengths = [125, 250, 500, 1000];

const chain = (length, train) => `model Chain {
  input image: f32[8, 8, 4]
  image
${'    -> Conv2D(4, 3x3, padding: same, activation: relu)\n'.repeat(length)}    -> GlobalAveragePooling2D
    -> output y
}
${
  train
    ? 'train Chain {\n  label truth: f32[4]\n  loss: mean_squared_error(truth, y)\n  optimizer: SGD\n  batch_size: 8\n  epochs: 1\n}\n'
    : ''
}`;

/** The exponent p of time ~ length^p, by least squares of the logarithms. */
function exponent(times) {
  const points = times.map((time, i) => [Math.log(lengths[i]), Math.log(time)]);
  const mean = (index) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

export async function compileTime() {
  startUp();
  const rows = [];
  for (const [model, kernels, aim] of [
    ['keras_classifier', 'ts', '< 150 ms'],
    ['keras_classifier', 'wasm', '< 250 ms'],
    ['resnet18', 'wasm', '< 2 s'],
  ]) {
    const compile = () => compileModel({ path: join(examples, `${model}.cnn`) }, { target: 'ts', kernels });
    const [first] = await timed(1, compile);
    const later = median(await timed(7, compile));
    rows.push([`${model}, kernels ${kernels}`, ms(first), ms(later), aim]);
  }
  table(
    'Compile time after start-up, text to files',
    ['', 'first', 'median of later', 'aim of the first'],
    rows,
  );
  await chains();
}

async function chains() {
  const rows = [];
  for (const train of [false, true]) {
    const times = [];
    for (const length of lengths) {
      const text = chain(length, train);
      times.push(median(await timed(3, () => compileModel({ text }, { target: 'ts', kernels: 'ts' }))));
    }
    rows.push([train ? 'with training' : 'inference', ...times.map(ms), exponent(times).toFixed(2)]);
  }
  table('Compile time of chains (aim: 1000 layers < 3 s)', ['layers', ...lengths, 'exponent'], rows);
  const nLogN = exponent(lengths.map((length) => length * Math.log(length)));
  console.log(`n log n has the exponent ${nLogN.toFixed(2)} over these lengths`);
}
