// LeNet-5 on all of MNIST on WebGPU: wgpu in Deno, on lavapipe where the machine has no GPU. The weights go to the JavaScript
// module, which must see the same digits.
//
//   npm run bench -- mnist-gpu DIR [EPOCHS]      DIR (or the environment's CNNC_DATA) holds the folder mnist
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openData } from '../dist/compiler/data/index.js';
import { denoWithGpu } from '../test/engines/gpu-engines.mjs';
import { compileModel, examples, importModule, table } from './support.mjs';

export async function mnistGpu([data = process.env.CNNC_DATA, epochs = '2']) {
  if (data === undefined || !existsSync(join(data, 'mnist'))) {
    console.error('usage: npm run bench -- mnist-gpu DIR [EPOCHS], a folder that holds the folder mnist');
    process.exit(2);
  }
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-mnist-'));
  try {
    await compare(join(data, 'mnist'), Number(epochs), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(mnist, epochs, folder) {
  const source = { path: join(examples, 'lenet5.cnn') };
  const { createModel, signature } = await importModule(compileModel(source, { batchSize: 100 }));
  const { files } = compileModel(source, { target: 'wgsl', language: 'js', batchSize: 100 });
  const file = (name) => join(folder, name);
  writeFileSync(file('model.mjs'), files.find(({ path }) => path.endsWith('.js')).content);
  const { train, test } = openData(`idx:${mnist}`, {
    inputs: signature.inputs,
    labels: signature.labels,
    classes: 10,
  });
  const [image] = signature.inputs;
  const [truth] = signature.labels;
  const read = async (set) => {
    const arrays = {
      [image.name]: new Uint8Array(set.size * 28 * 28),
      [truth.name]: new Int32Array(set.size),
    };
    await set.read(
      Uint32Array.from({ length: set.size }, (_, i) => i),
      arrays,
    );
    return arrays;
  };
  const tests = await read(test);
  for (const [name, arrays] of [
    ['train', await read(train)],
    ['test', tests],
  ]) {
    writeFileSync(file(`${name}-images`), arrays[image.name]);
    writeFileSync(file(`${name}-labels`), new Uint8Array(arrays[truth.name].buffer));
  }
  const { adapter, seconds, accuracy } = await trainInDeno(folder, {
    epochs,
    image: image.name,
    truth: truth.name,
  });
  const model = await createModel({ weights: readFileSync(file('weights')) });
  const outputs = await model.predict(tests);
  const [probabilities] = Object.values(outputs);
  const onGpu = new Float32Array(new Uint8Array(readFileSync(file('probabilities'))).buffer);
  await model.dispose();
  const seen = digits(onGpu);
  const same = digits(probabilities).filter((digit, i) => digit === seen[i]).length;
  table(
    `LeNet-5 on MNIST, wgsl, ${adapter}, seed 1`,
    ['', 'measured', 'aim'],
    [
      [`accuracy on ${test.size} test pictures`, `${(100 * accuracy).toFixed(2)} %`, '>= 98.5 %'],
      [`the same digits from ${model.info.target} with these weights`, same, test.size],
      [`training, ${epochs} epochs of ${train.size}`, `${seconds.toFixed(0)} s`, ''],
    ],
  );
}

/** The likeliest class of each picture. */
function digits(probabilities) {
  return Array.from({ length: probabilities.length / 10 }, (_, i) => {
    const row = probabilities.subarray(10 * i, 10 * i + 10);
    return row.indexOf(Math.max(...row));
  });
}

function trainInDeno(folder, job) {
  const { path, flags, environment } = denoWithGpu();
  const script = fileURLToPath(new URL('mnist-gpu-job.mjs', import.meta.url));
  const child = spawn(path, [...flags, script, folder, JSON.stringify(job)], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (text) => (printed += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) =>
      status === 0 ? resolve(JSON.parse(printed)) : reject(new Error(`Deno ended with ${status}`)),
    );
  });
}
