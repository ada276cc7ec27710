// Three implementations of WebGPU: Dawn in Node, Dawn in Chromium, wgpu in Deno. Every shader of every example compiles in each
// of them, models give the numbers of the JavaScript target, and some train with the same losses. The table has the largest
// differences and the times of one prediction and of one step, beside other work. The status is 1 where anything is not as it should be.
// Arguments: names of examples, to run only these.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { onAllCores, twoAtOnce } from './at-once.mjs';
import { modelNames, moduleOf, shadersOf } from './gpu-build.mjs';
import { useModel } from './gpu-task.mjs';
import { install } from './install.mjs';

/** How far numbers may be from those of the other target, as a part of the largest of them; and losses. */
const near = 1e-4;
const nearLosses = 1e-3;

/** What each model does, with values for its parameters: software adapters are slow. */
const jobs = {
  keras_classifier: { set: { batch_size: '4' }, samples: 3, training: { samples: 4, epochs: 20 } },
  lenet5: { set: { batch_size: '4' }, samples: 3, training: { samples: 4, epochs: 20 } },
  small_residual: { set: { batch_size: '4' }, samples: 1, training: { samples: 4, epochs: 20 } },
  // From the third step on, the last bits decide: Adam divides by the root of the gradient's square, however small. With and
  // without Winograd, the losses of the CPU differ by up to 3e-3 within these 20 steps.
  resnet20: { set: { batch_size: '2' }, samples: 1, training: { samples: 2, epochs: 20, compared: 2 } },
  resnet18: { set: { size: '64' }, samples: 1 },
  squeezenet: { set: { size: '64' }, samples: 1 },
  mobilenet_v2: { set: { size: '64' }, samples: 1, gain: 4 },
};

const problems = [];
const atOnce = onAllCores();

/** The largest difference of `actual` from `expected`, as a part of the largest number of that; Infinity where it is none. */
function difference(actual, expected) {
  const largest = Math.max(...expected.map(Math.abs));
  if (actual.length !== expected.length) return Infinity;
  return Math.max(
    ...actual.map((value, i) => {
      const far = Math.abs(value - expected[i]) / largest;
      return Number.isNaN(far) ? Infinity : far;
    }),
  );
}

/** Every loss for itself. */
const lossDifference = (actual, expected) =>
  Math.max(0, ...expected.map((loss, i) => difference([actual[i]], [loss])));

const round = (milliseconds) =>
  milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

/** One model on one engine, beside what JavaScript gave; a cell of the table. */
async function compared(name, engine, url, { samples, training, gain }, expected) {
  const problem = (text) => void problems.push(`${name}, ${engine.name}: ${text}`);
  try {
    const result = await engine.run('model', { url, samples, training, gain });
    if (result.target !== 'wgsl') problem(`it ran as ${result.target}`);
    const far = Math.max(
      ...Object.keys(expected.outputs).map((output) =>
        difference(result.outputs[output] ?? [], expected.outputs[output]),
      ),
    );
    if (!(far <= near)) problem(`the outputs differ by ${far.toExponential(1)}`);
    const parts = [`${far.toExponential(0)} ${round(result.milliseconds.predict)}`];
    if (training) {
      const off = lossDifference(result.losses, expected.losses.slice(0, training.compared));
      const [first, last] = [result.losses[0], result.losses.at(-1)];
      if (!(last < first / 2)) problem(`the loss goes from ${first} to ${last}`);
      if (!(off <= nearLosses)) problem(`the losses differ by ${off.toExponential(1)}: ${result.losses}`);
      parts.push(`${off.toExponential(0)} ${round(result.milliseconds.fit / training.epochs)}`);
    }
    return parts.join(', ');
  } catch (error) {
    problem(error.message);
    return 'failed';
  }
}

/**
 * Compiles each shader of each example. Chromium's compiler is that of Dawn, whose pipelines are made by `npm test`, and again
 * below: on SwiftShader one takes a tenth of a second.
 */
async function compileAll(engines, names) {
  const shaders = names.flatMap(shadersOf);
  const texts = shaders.map((shader) => ({ ...shader, whole: true }));
  const check = async ({ name, adapter, hasF16, run }) => {
    const began = performance.now();
    const own = (name === 'Chromium' ? texts : shaders).filter(({ f16 }) => hasF16 || !f16);
    const found = await run('problems', own);
    for (const text of found) problems.push(`${name}: ${text}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const good = own.length - found.length;
    const halves = hasF16 ? 'f16 too' : 'no f16';
    console.log(
      `${name} (${adapter}, ${halves}): ${good} of ${own.length} shaders of ${names.length} examples compile, ${seconds} s`,
    );
  };
  const others = engines.filter(({ name }) => name !== 'Dawn in Node');
  await Promise.all(others.map((engine) => atOnce(() => check(engine))));
}

async function main(folder) {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !modelNames.includes(name));
  if (unknown !== undefined) throw new Error(`no example with a model is called ${unknown}`);
  const { openGpuEngines } = await import('./gpu-engines.mjs');
  const engines = await openGpuEngines(folder);
  try {
    for (const engine of engines) {
      const { name, features } = await engine.run('adapter');
      Object.assign(engine, { adapter: name, hasF16: features.includes('shader-f16') });
      const ranges = JSON.stringify(await engine.run('ranges'));
      if (ranges !== '{"x":[-1,-1,-1,4],"y":[10,20,30,0]}')
        problems.push(`${engine.name}: disjoint ranges of one buffer gave ${ranges}`);
    }
    await compileAll(engines, wanted.length > 0 ? wanted : modelNames);
    const print = (row) =>
      console.log(
        row
          .map((text, i) => text.padEnd(i === 0 ? 18 : 30))
          .join('')
          .trimEnd(),
      );
    print(['', ...engines.map(({ name }) => name)]);
    const compare = async ([name, job]) => {
      const js = join(folder, `${name}.mjs`);
      writeFileSync(js, moduleOf(name, { target: 'js', set: job.set }));
      const expected = await useModel(await import(pathToFileURL(js).href), {}, job);
      const given = Object.values(expected.outputs).flat();
      if (given.length > 1 && new Set(given).size === 1)
        problems.push(`${name} gives the same number everywhere`);
      const text = moduleOf(name, { target: 'wgsl', language: 'js', set: job.set });
      const cells = await Promise.all(
        engines.map((engine) => atOnce(() => compared(name, engine, engine.module(text), job, expected))),
      );
      print([name, ...cells]);
    };
    const chosen = Object.entries(jobs).filter(([name]) => wanted.length === 0 || wanted.includes(name));
    await twoAtOnce(chosen.map((entry) => () => compare(entry)));
  } finally {
    for (const engine of engines) await engine.close();
  }
}

install();
const folder = mkdtempSync(join(tmpdir(), 'cnnc-gpu-'));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(`✗ ${problem}`);
console.log(problems.length === 0 ? 'The same numbers on three GPUs.' : `${problems.length} problems.`);
process.exitCode = problems.length === 0 ? 0 : 1;
