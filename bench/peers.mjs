// Ours beside the peers: each in a process of its own with one thread, the same weights and inputs, in turns.
//
//   npm run bench -- peers [--only lenet5,resnet18] [--training] [--fast] [--peers pytorch,jax-js] [--kernels wasm|ts] [--rounds N]
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { barOf, models, trained } from './cases.mjs';
import { compileModel, examples, importModule, median, ms, named, root, table } from './support.mjs';

const here = join(root, 'bench');
const python = process.env.CNNC_PYTHON ?? '/usr/bin/python3';
/** Of each call of a batch; shorter ones measure the clock. */
const batchTime = 20;
/**
 * A peer's process. `ask` sends one line and waits for the answer; a process that ends answers with what it last said, and one
 * that takes longer than so many milliseconds is ended.
 */
export function start(peer, fast) {
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const stdio = ['pipe', 'ignore', 'pipe', 'pipe'];
  const child =
    peer === 'pytorch'
      ? spawn(python, [join(here, 'peers', 'pytorch.py')], { env, stdio })
      : spawn(
          peer === 'cnnc' && fast ? currentNode() : process.execPath,
          [join(here, 'peers', 'child.mjs')],
          {
            env,
            stdio,
          },
        );
  let said = '';
  child.stderr.on('data', (text) => (said = (said + text).slice(-2000)));
  const waiting = [];
  const end = (error) => waiting.splice(0).forEach(({ reject }) => reject(error));
  child.on('error', end);
  child.on('close', (status) =>
    end(new Error(said.trim().split('\n').at(-1) || `ended with status ${status}`)),
  );
  createInterface({ input: child.stdio[3] }).on('line', (line) => {
    const answer = JSON.parse(line);
    const { resolve, reject } = waiting.shift();
    if (answer.error === undefined) resolve(answer);
    else reject(new Error(answer.error));
  });
  child.stdin.on('error', () => {});
  return {
    ask(message, milliseconds) {
      const answer = new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(message)}\n`);
      });
      return milliseconds === undefined ? answer : within(milliseconds, answer, () => child.kill('SIGKILL'));
    },
    end: () => child.stdin.end(),
  };
}

/** An answer, if it comes within so many milliseconds; else `stop` is called. */
async function within(milliseconds, answer, stop) {
  let timer;
  const late = new Promise((_, reject) => {
    const end = () => {
      stop();
      reject(new Error('ran out of time'));
    };
    timer = setTimeout(end, Math.max(0, milliseconds));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Relaxed SIMD needs a newer Node than the oldest that we support. */
function currentNode() {
  if (process.env.CNNC_NODE) return process.env.CNNC_NODE;
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  try {
    return join(createRequire(import.meta.url).resolve('node/package.json'), '..', 'bin', 'node');
  } catch {
    throw new Error('--fast needs a Node of version 22 or later: name it in CNNC_NODE');
  }
}

/** PyTorch's weights under our names, and the ONNX file; undefined where there is no PyTorch. */
export function exported(model, folder) {
  const script = join(here, 'models.py');
  const { status, stderr } = spawnSync(python, [script, model, folder], {
    encoding: 'utf8',
  });
  if (status === 0) return join(folder, `${model}.safetensors`);
  console.error(`${model}: no weights from PyTorch: ${(stderr ?? '').trim().split('\n').at(-1)}`);
  return undefined;
}

/** Weights of a seed: which they are makes no difference to the time. */
export async function seeded(model, folder) {
  const compiled = compileModel({ path: join(examples, `${model}.cnn`) }, { inference: true });
  const { createModel } = await importModule(compiled);
  const instance = await createModel({ seed: 1 });
  const bytes = Buffer.from(await instance.saveWeights());
  await instance.dispose();
  const path = join(folder, `${model}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

/** The largest difference, relative to the largest value. */
export function difference(ours, theirs) {
  const count = Math.min(ours.length, theirs.length);
  let [apart, size] = [0, 1e-30];
  for (let i = 0; i < count; i++) {
    apart = Math.max(apart, Math.abs(ours[i] - theirs[i]));
    size = Math.max(size, Math.abs(theirs[i]));
  }
  return count === 0 ? NaN : apart / size;
}

/** Opens a peer and compares what it computes with ours. A peer that cannot is kept with its reason. */
async function joined(peer, task, ours, fast) {
  const child = start(peer, fast);
  try {
    const { about } = await child.ask({ do: 'open', task });
    const { values } = await child.ask({ do: 'check' });
    const apart = difference(ours, values);
    // Losses of later steps drift apart as rounding errors are trained on.
    if (!(apart < (task.kind === 'step' ? 1e-3 : 1e-4)))
      throw new Error(`computes something else: ${apart.toExponential(1)} apart`);
    return { peer, about, apart, ask: child.ask, end: child.end, times: [], ratios: [] };
  } catch (error) {
    child.end();
    return { peer, reason: error.message };
  }
}

async function compare({ model, kind, peers, fast, kernels, rounds }) {
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-peers-'));
  const all = [];
  try {
    const weights = exported(model, folder) ?? (await seeded(model, folder));
    const batch = kind === 'step' ? 32 : 1;
    const task = { model, kind, folder, batch, weights, kernels, fast, threads: 1 };
    const ours = start('cnnc', fast);
    all.push(ours);
    const { about, ...more } = await ours.ask({ do: 'open', task: { ...task, peer: 'cnnc' } });
    const { values } = await ours.ask({ do: 'check' });
    for (const peer of peers) all.push(await joined(peer, { ...task, ...more, peer }, values, fast));
    const times = await inTurns(ours, all.slice(1), rounds);
    return { about, times, peers: all.slice(1) };
  } finally {
    for (const { end } of all) end?.();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What runs often is compiled once more, and better: runs for a second, if it did not yet. Gives the time of the last call. */
async function warmUp({ ask, took = 0 }, left) {
  if (took > 1000) return took;
  for (const end = performance.now() + 1000; ;) {
    const { calls, ms } = await ask({ do: 'batch', ms: batchTime }, left());
    if (performance.now() > end) return ms / calls;
  }
}

/**
 * Rounds of (ours, A, B, …); gives the times of ours. A peer's ratio is taken within a round, so that what slows both down
 * cancels out. Slower ones are measured in fewer rounds: their calls take about `patience` ms together. At `end`, a
 * `performance.now()`, what has been measured is all; a peer that was not done by then is `late`.
 */
export async function inTurns(ours, peers, rounds, patience = 15_000, end) {
  const left = () => (end === undefined ? undefined : end - performance.now());
  const measure = async ({ ask }) => {
    const { calls, ms } = await ask({ do: 'batch', ms: batchTime }, left());
    return ms / calls;
  };
  const roundsOf = async (runner) =>
    Math.max(1, Math.min(rounds, Math.floor(patience / (await warmUp(runner, left)))));
  const most = Math.max(3, await roundsOf(ours));
  const remaining = new Map();
  const late = (peer) => (error) => {
    if (end === undefined) throw error;
    peer.late = error.message;
    remaining.delete(peer);
  };
  for (const peer of peers)
    if (peer.reason === undefined)
      await roundsOf(peer).then((count) => remaining.set(peer, count), late(peer));
  const times = [];
  for (let round = 0; round < most && !(left() <= 0); round++) {
    const mine = await measure(ours).catch((error) => {
      if (times.length === 0) throw error;
    });
    if (mine === undefined) break;
    times.push(mine);
    for (const [peer, count] of remaining) {
      if (count === 0) continue;
      remaining.set(peer, count - 1);
      await measure(peer).then((theirs) => {
        peer.times.push(theirs);
        peer.ratios.push(mine / theirs);
      }, late(peer));
    }
  }
  return times;
}

function print({ model, kind, fast, kernels, result }) {
  const { about, times, peers } = result;
  const what = kind === 'step' ? 'training step (forward, backward, Adam), batch 32' : 'inference, batch 1';
  const present = peers.filter(({ reason }) => reason === undefined);
  const rows = present.map(({ peer, about: name, apart, times: theirs, ratios }) => {
    const ratio = median(ratios);
    const bar = barOf({ kind, peer, model, fast, kernels });
    const verdict = bar === undefined ? '' : `${ratio <= bar ? 'met' : 'MISSED'}: <= ${bar.toPrecision(3)}`;
    return [
      name,
      ms(median(theirs)),
      ratio.toFixed(4),
      (1 / ratio).toFixed(2),
      apart.toExponential(1),
      verdict,
    ];
  });
  const head = ['', 'time', 'ours / its', 'its / ours', 'outputs apart', 'bar'];
  table(`${model}, ${what}`, head, [[about, ms(median(times)), '', '', '', ''], ...rows]);
  for (const { peer, reason } of peers) if (reason !== undefined) console.log(`${peer}: ${reason}`);
}

export async function peers(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      peers: { type: 'string' },
      training: { type: 'boolean', default: false },
      fast: { type: 'boolean', default: false },
      kernels: { type: 'string', default: 'wasm' },
      rounds: { type: 'string', default: '21' },
    },
  });
  const { training, fast, kernels } = values;
  const kind = training ? 'step' : 'infer';
  const rounds = Number(values.rounds);
  const known = training
    ? ['pytorch', 'jax-js', 'tfjs-cpu', 'tfjs-wasm']
    : ['onnxruntime-web', 'onnxruntime-node', 'pytorch', 'tfjs-wasm', 'tfjs-cpu', 'jax-js'];
  const chosen = named(values.peers, known);
  for (const model of values.only?.split(',') ?? (training ? trained : models)) {
    if (!existsSync(join(examples, `${model}.cnn`))) {
      console.log(`\n${model}: there is no such example`);
      continue;
    }
    try {
      const result = await compare({ model, kind, peers: chosen, fast, kernels, rounds });
      print({ model, kind, fast, kernels, result });
    } catch (error) {
      console.log(`\n${model}: ours: ${error.message}`);
      process.exitCode = 1;
    }
  }
}
