// Ours beside TensorFlow.js and jax-js on WebGPU: each in a process of its own on Dawn's adapter, in turns, on the same weights
// and pictures.
//
//   npm run bench -- gpu-peers [--only lenet5,resnet18] [--batch 1,64] [--size 64] [--training] [--peers jax-js-webgpu]
//                              [--features subgroups] [--rounds N] [--seconds S]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { models, pictures, trained } from './cases.mjs';
import { difference, exported, inTurns, start } from './peers.mjs';
import { compileModel, examples, importModule, median, ms, readSafetensors, table } from './support.mjs';

/** Models for photographs, whose `size` may be less than 224. */
const sized = new Set(['resnet18', 'squeezenet', 'mobilenet_v2']);

/** PyTorch's weights, or, where there is no PyTorch, those of a seed. */
async function weightsFor(model, folder) {
  const file = exported(model, folder);
  if (file !== undefined) return file;
  const compiled = compileModel({ path: join(examples, `${model}.cnn`) }, { inference: true });
  const { createModel } = await importModule(compiled);
  const instance = await createModel({ seed: 1 });
  const bytes = Buffer.from(await instance.saveWeights());
  await instance.dispose();
  const path = join(folder, `${model}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

/** Index of the largest of each row. */
const largest = (values, width) =>
  Array.from({ length: values.length / width }, (_, i) => {
    const row = values.slice(i * width, (i + 1) * width);
    return row.indexOf(Math.max(...row));
  });

/** Opens a peer and compares what it computes with ours. A peer that cannot is kept with its reason. */
async function joined(peer, task, ours) {
  const child = start(peer, false);
  try {
    const { about, first } = await child.ask({ do: 'open', task });
    const { values } = await child.ask({ do: 'check' });
    const apart = difference(ours, values);
    const steps = task.kind === 'step';
    // Losses of later steps drift apart as rounding errors are trained on.
    if (!(apart < (steps ? 1e-3 : 1e-4)))
      throw new Error(`computes something else: ${apart.toExponential(1)} apart`);
    const width = ours.length / task.batch;
    const mine = steps ? [] : largest(ours, width);
    const same = steps ? 0 : largest(values, width).filter((top, i) => top === mine[i]).length;
    const counts = await child.ask({ do: 'count' });
    return { peer, about, first, apart, same, counts, ask: child.ask, end: child.end, times: [], ratios: [] };
  } catch (error) {
    child.end();
    return { peer, reason: error.message };
  }
}

async function compare(folder, task, { peers, rounds, seconds }) {
  const all = [];
  try {
    const ours = start('cnnc', false);
    all.push(ours);
    const { about, adapter, first, ...more } = await ours.ask({
      do: 'open',
      task: { ...task, peer: 'cnnc' },
    });
    const { values } = await ours.ask({ do: 'check' });
    const counts = await ours.ask({ do: 'count' });
    for (const peer of peers) all.push(await joined(peer, { ...task, ...more, peer }, values));
    const times = await inTurns(ours, all.slice(1), rounds, seconds * 1000);
    return { adapter, ours: { about, first, counts, times, ratios: [] }, peers: all.slice(1) };
  } finally {
    for (const { end } of all) end?.();
  }
}

const megabytes = (bytes) => (bytes / 1e6).toPrecision(3);

function rowOf({ about, first, counts, times, ratios, apart, same }, batch, kind) {
  const ratio = ratios.length > 0 ? median(ratios) : undefined;
  return [
    about,
    ms(median(times)),
    ratio === undefined ? '' : ratio.toFixed(3),
    ratio === undefined ? '' : (1 / ratio).toFixed(2),
    times.length,
    ms(first),
    counts.dispatches,
    counts.submits,
    megabytes(counts.peak),
    megabytes(counts.uploaded),
    apart === undefined ? '' : apart.toExponential(1),
    ...(kind === 'step' ? [] : [same === undefined ? '' : `${same} of ${batch}`]),
  ];
}

function print({ model, kind, batch, size }, { ours, peers }) {
  const what = kind === 'step' ? 'training step (forward, backward, Adam)' : 'inference';
  const side = size === undefined ? '' : `, ${size}x${size} pixels`;
  const head = [
    '',
    'time',
    'ours / its',
    'its / ours',
    'rounds',
    'first result',
    'dispatches',
    'submits',
    'MB of buffers',
  ];
  const last = ['MB uploaded', 'apart', ...(kind === 'step' ? [] : ['same class'])];
  const present = [ours, ...peers.filter(({ reason }) => reason === undefined)];
  const rows = present.map((each) => rowOf(each, batch, kind));
  table(`${model}, ${what}, batch ${batch}${side}`, [...head, ...last], rows);
  for (const { peer, reason } of peers) if (reason !== undefined) console.log(`${peer}: ${reason}`);
}

export async function gpuPeers(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      batch: { type: 'string' },
      size: { type: 'string' },
      peers: { type: 'string', default: 'tfjs-webgpu,jax-js-webgpu' },
      features: { type: 'string' },
      training: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '21' },
      seconds: { type: 'string', default: '5' },
    },
  });
  const kind = values.training ? 'step' : 'infer';
  const batches = (values.batch ?? (values.training ? '32' : '1,64')).split(',').map(Number);
  const features = values.features?.split(',');
  const how = {
    peers: values.peers.split(','),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
  };
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-gpu-peers-'));
  let adapter;
  try {
    for (const model of values.only?.split(',') ?? (values.training ? trained : models)) {
      const weights = await weightsFor(model, folder);
      for (const batch of batches) {
        const size = sized.has(model) ? Number(values.size ?? 224) : undefined;
        const task = { model, kind, folder, batch, size, weights, features, gpu: true, threads: 1 };
        try {
          const result = await compare(folder, task, how);
          if (adapter === undefined) console.log(result.adapter);
          ({ adapter } = result);
          print(task, result);
        } catch (error) {
          console.log(`\n${model}, batch ${batch}: ours: ${error.message}`);
          process.exitCode = 1;
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
