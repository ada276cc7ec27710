// How long a compile takes, from text to files: of examples, and of chains of more and more layers.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileModel, examples, median, ms, root, table, timed } from './support.mjs';

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

const rounds = 9;

export async function compileTime() {
  const rows = [];
  for (const [model, kernels, aim] of [
    ['keras_classifier', 'ts', '< 150 ms'],
    ['keras_classifier', 'wasm', '< 250 ms'],
    ['resnet18', 'wasm', '< 2 s'],
  ]) {
    const path = join(examples, `${model}.cnn`);
    // By turns; the first `cnnc build` leaves what the others begin with.
    byCommand(path, kernels);
    const times = Array.from({ length: rounds }, () => [byCommand(path, kernels), byLibrary(path, kernels)]);
    const [command, library] = [0, 1].map((i) => ms(median(times.map((pair) => pair[i]))));
    const later = median(await timed(7, () => compileModel({ path }, { target: 'ts', kernels })));
    rows.push([`${model}, kernels ${kernels}`, command, library, ms(later), aim]);
  }
  table(
    `Compile time after start-up, text to files: the first of a process, median of ${rounds}`,
    ['', '`cnnc build`', '`compile()`', 'later ones', 'aim of the first'],
    rows,
  );
  await chains();
}

/** Milliseconds in `cnnc build`, which runs with the bytecode of the time before. */
function byCommand(path, kernels) {
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-bench-'));
  const command = [
    join(root, 'dist/compiler/cli/main.js'),
    'build',
    path,
    '--kernels',
    kernels,
    '-o',
    folder,
  ];
  const env = { ...process.env, NODE_DEBUG: 'cnnc' };
  const { stderr, status } = spawnSync(process.execPath, command, { encoding: 'utf8', env });
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(stderr);
  return Number(/compiled in ([\d.]+) ms/.exec(stderr)[1]);
}

/** Milliseconds of `compile()` in a new process. */
function byLibrary(path, kernels) {
  const script = `
    import { compileModel, startUp } from ${JSON.stringify(new URL('support.mjs', import.meta.url).href)};
    startUp();
    const begin = performance.now();
    compileModel(${JSON.stringify({ path })}, ${JSON.stringify({ target: 'ts', kernels })});
    console.log(performance.now() - begin);`;
  const command = ['--input-type=module', '-e', script];
  return Number(execFileSync(process.execPath, command, { encoding: 'utf8' }));
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
