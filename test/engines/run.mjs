// Trains every example with a `train` block for 100 steps in each engine, with WebAssembly kernels in one thread and in two
// and with TypeScript kernels. All must end with the same bits: the table has the beginning of the SHA-256 of the weights and
// the time of training, a dash where nothing ran. `fast` is to train about as well with other bits, and to say where it
// cannot be had. The status is 1 where anything is not as it should be. Arguments: names of examples, to run only these.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { compile } from '../../dist/compiler/index.js';
import { onAllCores, twoAtOnce } from './at-once.mjs';
import { install } from './install.mjs';

const examples = fileURLToPath(new URL('../../dsl-examples/', import.meta.url));

/** 100 steps: 5 epochs of 20 batches, the last of which is not a whole one. */
const steps = 100;
const batchSize = 3;
const training = { samples: 59, epochs: 5 };

/** With TypeScript kernels these take most of a minute: enough in the first engine. */
const slowAsScript = new Set(['resnet20']);

const script = { title: 'ts', kernels: 'ts', threads: 1, fast: false };
const wasm = { title: 'wasm', kernels: 'wasm', threads: 1, fast: false };
const variants = [script, wasm, { ...wasm, title: 'wasm, 2 threads', threads: 2 }];
const fast = { ...wasm, title: 'wasm, fast', fast: true };

/** How far apart, as a part of it, losses of the first epoch with and without `fast` may be; differences grow with each step. */
const nearAtFirst = 0.05;
const nearLater = 0.3;

const problems = [];

function trainedExamples(wanted) {
  const names = readdirSync(examples)
    .filter((file) => file.endsWith('.cnn') && /^train /m.test(readFileSync(join(examples, file), 'utf8')))
    .map((file) => file.slice(0, -'.cnn'.length));
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`no example with a train block is called ${unknown}`);
  return wanted.length > 0 ? wanted : names;
}

const readText = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** The module of an example, in a file and as text. */
function build(name, kernels, folder) {
  const source = { entry: join(examples, `${name}.cnn`), read: readText };
  const { files, diagnostics } = compile(source, {
    target: 'js',
    kernels,
    set: { batch_size: `${batchSize}` },
  });
  const text = files.find(({ path }) => path.endsWith('.js'))?.content;
  if (text === undefined) throw new Error(`${name}: ${diagnostics[0]?.message}`);
  const path = join(folder, `${name}-${kernels}.mjs`);
  writeFileSync(path, text);
  return { path, text };
}

const run = onAllCores();

/** What a training gave; where it did not run as it should, a problem. */
async function trained(model, engine, variant) {
  const problem = (text) => void problems.push(`${model.name}, ${engine.name}, ${variant.title}: ${text}`);
  try {
    const task = () => engine.run(model[variant.kernels], { ...training, ...variant });
    // Threads that wait for one another on a core that others use wait long.
    const result = await run(task, variant.threads);
    if (result.steps !== steps) problem(`${result.steps} steps instead of ${steps}`);
    if (result.target !== variant.kernels || result.threads !== variant.threads)
      problem(`ran as ${result.target} in ${result.threads} threads; ${result.reason}`);
    return result;
  } catch (error) {
    return problem(error.message);
  }
}

const cell = (result) =>
  result ? `${result.sha256.slice(0, 10)} ${result.seconds.toFixed(1).padStart(5)} s` : 'failed';

/** One model everywhere: compares bits, and gives the results of WebAssembly kernels by the name of the engine. */
async function compareBits(model, engines, print) {
  const cells = variants.flatMap((variant) =>
    engines.map((engine, i) => ({
      variant,
      engine,
      runs: i === 0 || variant !== script || !slowAsScript.has(model.name),
    })),
  );
  const results = await Promise.all(
    cells.map(({ variant, engine, runs }) => (runs ? trained(model, engine, variant) : '-')),
  );
  variants.forEach(({ title }, i) => {
    const row = results.slice(i * engines.length, (i + 1) * engines.length);
    print([model.name, title, ...row.map((result) => (result === '-' ? '-' : cell(result)))]);
  });
  const given = results.filter((result) => result && result !== '-');
  const different = new Set(given.map(({ sha256, losses }) => `${sha256} ${losses.join()}`)).size;
  if (different !== 1) problems.push(`${model.name}: ${different} different results`);
  return (name) =>
    results[cells.findIndex(({ variant, engine }) => variant === wasm && engine.name === name)];
}

/** `fast` in Node 24, where it can be had, and in Node 20, where it cannot. */
async function compareFast(model, engines, plain, print) {
  const chosen = engines.filter(({ name }) => name === 'Node 20' || name === 'Node 24');
  const results = await Promise.all(chosen.map((engine) => trained(model, engine, fast)));
  const row = engines.map((engine) =>
    chosen.includes(engine) ? cell(results[chosen.indexOf(engine)]) : '-',
  );
  print([model.name, fast.title, ...row]);
  const [without, fused] = results;
  const expected = plain('Node 24');
  if (!without || !fused || !expected) return false;
  const problem = (text) => void problems.push(`${model.name}, ${fast.title}: ${text}`);
  const differs = fused.sha256 !== expected.sha256;
  if (without.sha256 !== expected.sha256) problem('Node 20 gives other bits with it');
  // A model without a sum of products is the same code with `fast`: no engine lacks anything for it.
  if (differs && (without.fast || !without.reason.includes('relaxed SIMD')))
    problem(`Node 20 does not say that it lacks it: ‘${without.reason}’`);
  if (!fused.fast || fused.reason !== '') problem(`Node 24 does not have it: ‘${fused.reason}’`);
  fused.losses.forEach((loss, i) => {
    const other = expected.losses[i];
    if (!(Math.abs(loss - other) <= (i === 0 ? nearAtFirst : nearLater) * other))
      problem(`the loss of epoch ${i + 1} is ${loss} instead of ${other}`);
  });
  return differs;
}

async function main(folder) {
  const { openEngines } = await import('./engines.mjs');
  const engines = await openEngines(join(folder, 'cache'));
  const wanted = process.argv.slice(2);
  const names = trainedExamples(wanted);
  const head = ['', 'kernels', ...engines.map(({ name, version }) => `${name} (${version})`)];
  const widths = head.map((text, i) => [20, 15][i] ?? Math.max(18, text.length));
  const print = (row) =>
    console.log(
      row
        .map((text, i) => text.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    );
  try {
    print(head);
    print(widths.map((width) => '-'.repeat(width)));
    const differ = await twoAtOnce(
      names.map((name) => async () => {
        const model = { name, ts: build(name, 'ts', folder), wasm: build(name, 'wasm', folder) };
        const plain = await compareBits(model, engines, print);
        return compareFast(model, engines, plain, print);
      }),
    );
    if (!differ.includes(true) && wanted.length === 0)
      problems.push('fast: the same bits as without it, everywhere');
  } finally {
    for (const engine of engines) await engine.close();
  }
}

install();
const folder = mkdtempSync(join(tmpdir(), 'cnnc-engines-'));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(`✗ ${problem}`);
console.log(problems.length === 0 ? `Same bits after ${steps} steps.` : `${problems.length} problems.`);
process.exitCode = problems.length === 0 ? 0 : 1;
