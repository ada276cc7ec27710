// What `npm start` shows: a `.cnn` file compiled, trained on digits that the program draws, evaluated on others, written as
// a module that imports nothing, and that module at work in a process and a folder of its own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processIo } from '../dist/compiler/cli/io.js';
import { run } from '../dist/compiler/cli/run.js';
import { pictureLines } from '../dist/compiler/cli/terminal-picture.js';
import { openData } from '../dist/compiler/data/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

const file = 'dsl-examples/digits.cnn';
const weights = 'out/digits.safetensors';
const data = 'synthetic:digits';
const required = 0.97;
const shown = 6;

const io = processIo((module) => import(module));

/** Blocks of lines beside one another. `width` is what a picture takes on the screen. */
function sideBySide(blocks, width) {
  const height = Math.max(...blocks.map((block) => block.length));
  const line = (row) => blocks.map((block) => block[row] ?? ' '.repeat(width)).join('  ');
  return Array.from({ length: height }, (_, row) => `${line(row).trimEnd()}\n`).join('');
}

/** Prints the command as one would type it, runs it, and ends with it where it fails. Gives what it printed. */
async function cnnc(args) {
  const typed = args.map((arg) => (/[?&*\s]/.test(arg) ? `'${arg}'` : arg)).join(' ');
  io.out(`\n$ npx cnnc ${typed}\n`);
  let printed = '';
  const out = (text) => {
    printed += text;
    io.out(text);
  };
  const status = await run(args, { ...io, out });
  if (status !== 0) process.exit(status);
  return printed;
}

await cnnc(['summary', file]);
await cnnc(['train', file, '--epochs', '5', '-o', weights]);

io.out('(Training pictures are shifted at random, which makes them harder than those for validation.)\n');

const evaluation = await cnnc(['evaluate', file, '--weights', weights]);
const accuracy = Number(/accuracy ([\d.]+)/.exec(evaluation)?.[1]);
io.out(`${(100 * accuracy).toFixed(1)} % of the digits it has never seen are told right\n`);
if (!(accuracy >= required)) {
  io.err(`expected at least ${100 * required} %\n`);
  process.exit(1);
}

await cnnc(['build', file, '-o', 'out']);
await cnnc(['build', file, '-o', 'out', '--target', 'js', '--weights', weights]);

// The module, the weights and some pictures in an empty folder; a process that knows nothing of this repository.
const program = `
import { readFileSync } from 'node:fs';
import { createModel, classes } from './digits.mjs';
const model = await createModel({ weights: readFileSync('digits.safetensors') });
const { digit } = await model.predict({ image: new Uint8Array(readFileSync('pictures.bin')) });
console.log(JSON.stringify({ classes: classes.digit, probabilities: [...digit] }));
`;
const size = 28 * 28;
const pictures = new Uint8Array(shown * size);
const test = openData(data, { inputs: [{ name: 'image', dtype: 'u8', shape: [28, 28, 1] }] }).test;
// Spread over the test data, so that the digits differ.
await test.read(
  Uint32Array.from({ length: shown }, (_, i) => 37 * i + 3),
  { image: pictures },
);
const folder = mkdtempSync(join(tmpdir(), 'cnnc-start-'));
try {
  cpSync('out/digits.js', join(folder, 'digits.mjs'));
  cpSync(weights, join(folder, 'digits.safetensors'));
  writeFileSync(join(folder, 'pictures.bin'), pictures);
  writeFileSync(join(folder, 'main.mjs'), program);
  io.out('\n$ node main.mjs    (in an empty folder with digits.js, the weights and these pictures)\n\n');
  const child = spawnSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' });
  if (child.status !== 0) {
    io.err(child.stderr);
    process.exit(child.status ?? 1);
  }
  show(JSON.parse(child.stdout));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const bytes = readFileSync('out/digits.ts').length;
io.out(
  `\nout/digits.ts (${(bytes / 1000).toFixed(0)} kB, no imports) trains and predicts anywhere; README.md goes on from here.\n`,
);

/** Three pictures a row, each above its two best classes. */
function show({ classes, probabilities }) {
  const columns = 24;
  const blocks = Array.from({ length: shown }, (_, i) => {
    const picture = { width: 28, height: 28, channels: 1, data: pictures.subarray(i * size, (i + 1) * size) };
    const ranked = classes
      .map((name, c) => ({ name, probability: probabilities[i * classes.length + c] }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, 2)
      .map(({ name, probability }) => `${name}: ${(100 * probability).toFixed(1)} %`.padEnd(11));
    return [...pictureLines(picture, io.color, columns), ranked.join(' ').padEnd(columns)];
  });
  for (let i = 0; i < blocks.length; i += 3) io.out(`${sideBySide(blocks.slice(i, i + 3), columns)}\n`);
}
