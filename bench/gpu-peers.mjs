// Ours beside TensorFlow.js and jax-js on WebGPU: each in a process of its own on Dawn's adapter, in turns, on the same weights
// and pictures.
//
//   npm run bench -- gpu-peers [--only lenet5,resnet18] [--batch 1,64] [--size 64] [--training] [--peers jax-js-webgpu]
//                              [--features subgroups] [--rounds N] [--seconds S] [--minutes M]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { models, trained } from './cases.mjs';
import { difference, inTurns, seeded, start } from './peers.mjs';
import { median, ms, named, table } from './support.mjs';

/** Models for photographs, whose `size` may be less than 224. */
const sized = new Set(['resnet18', 'squeezenet', 'mobilenet_v2']);

const oneDay = 24 * 3600 * 1000;

/** Index of the largest of each row. */
const largest = (values, width) =>
  Array.from({ length: values.length / width }, (_, i) => {
    const row = values.slice(i * width, (i + 1) * width);
    return row.indexOf(Math.max(...row));
  });

/** What one call asks of the GPU, and, where that is known already, how long it takes; no times yet. */
async function costsOf({ ms: took, counts }, steps, ask) {
  const times = { times: [], ratios: [] };
  return steps ? { counts: await ask({ do: 'count' }), ...times } : { counts, took, ...times };
}

/** Opens a peer and compares what it computes with ours. A peer that cannot by `end` is kept with its reason. */
async function joined(peer, task, ours, end) {
  const child = start(peer, false);
  const ask = (message) => child.ask(message, end - performance.now());
  let opened;
  try {
    opened = await ask({ do: 'open', task });
    const checked = await ask({ do: 'check' });
    const { values } = checked;
    const apart = difference(ours, values);
    const steps = task.kind === 'step';
    // Losses of later steps drift apart as rounding errors are trained on.
    if (!(apart < (steps ? 1e-3 : 1e-4)))
      throw new Error(`computes something else: ${apart.toExponential(1)} apart`);
    const width = ours.length / task.batch;
    const mine = steps ? [] : largest(ours, width);
    const same = steps ? 0 : largest(values, width).filter((top, i) => top === mine[i]).length;
    const costs = await costsOf(checked, steps, ask);
    return { ...child, ...costs, peer, about: opened.about, first: opened.first, apart, same };
  } catch (error) {
    child.end();
    const first = opened === undefined ? '' : ` (its first result took ${ms(opened.first)})`;
    return { peer, reason: `${error.message}${first}` };
  }
}

/** At `end`, a `performance.now()`, what has been measured is all. */
async function compare(folder, task, { peers, rounds, seconds }, end) {
  const all = [];
  try {
    const ours = start('cnnc', false);
    all.push(ours);
    const ask = (message) => ours.ask(message, end - performance.now());
    const { about, adapter, software, first, ...more } = await ask({
      do: 'open',
      task: { ...task, peer: 'cnnc' },
    });
    const checked = await ask({ do: 'check' });
    const costs = await costsOf(checked, task.kind === 'step', ask);
    const { values } = checked;
    for (const [i, peer] of peers.entries()) {
      // One that does not get ready leaves time for the others, and for rounds.
      const now = performance.now();
      const share = (end - now) / (peers.length - i + 1);
      all.push(await joined(peer, { ...task, ...more, peer }, values, now + share));
    }
    const mine = { ...ours, ...costs, about, first };
    const times = await inTurns(mine, all.slice(1), rounds, seconds * 1000, end);
    return { adapter, software, ours: { ...mine, times }, peers: all.slice(1) };
  } finally {
    for (const { end: close } of all) close?.();
  }
}

const megabytes = (bytes) => (bytes / 1e6).toPrecision(3);

function rowOf({ about, first, counts, times, ratios, apart, same }, batch, kind) {
  const ratio = ratios.length > 0 ? median(ratios) : undefined;
  return [
    about,
    times.length > 0 ? ms(median(times)) : '',
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

function print({ model, kind, batch, size }, { software, ours, peers }) {
  const what = kind === 'step' ? 'training step (forward, backward, Adam)' : 'inference';
  const side = size === undefined ? '' : `, ${size}x${size} pixels`;
  const head = [
    '',
    software ? 'CPU time' : 'time',
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
  for (const { peer, reason, late } of peers)
    if ((reason ?? late) !== undefined) console.log(`${peer}: ${reason ?? late}`);
}

export async function gpuPeers(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      batch: { type: 'string' },
      size: { type: 'string' },
      peers: { type: 'string' },
      features: { type: 'string' },
      training: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '21' },
      seconds: { type: 'string', default: '5' },
      minutes: { type: 'string' },
    },
  });
  const kind = values.training ? 'step' : 'infer';
  const batches = (values.batch ?? (values.training ? '32' : '1,64')).split(',').map(Number);
  const chosen = values.only?.split(',') ?? (values.training ? trained : models);
  const how = {
    peers: named(values.peers, ['tfjs-webgpu', 'jax-js-webgpu']),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
  };
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-gpu-peers-'));
  const tasks = chosen.flatMap((model) =>
    batches.map((batch) => ({
      model,
      kind,
      folder,
      batch,
      size: sized.has(model) ? Number(values.size ?? 224) : undefined,
      features: values.features?.split(','),
      gpu: true,
      threads: 1,
    })),
  );
  const end = values.minutes === undefined ? undefined : performance.now() + Number(values.minutes) * 60_000;
  const weights = new Map();
  let known;
  try {
    for (const [i, task] of tasks.entries()) {
      const { model, batch } = task;
      const now = performance.now();
      // What one comparison does not need is for all that follow.
      const limit = end === undefined ? oneDay : (end - now) / (tasks.length - i);
      try {
        if (limit <= 0) throw new Error('left out: the time is over');
        if (!weights.has(model)) weights.set(model, await seeded(model, folder));
        const result = await compare(folder, { ...task, weights: weights.get(model) }, how, now + limit);
        if (result.adapter !== known) console.log(result.adapter);
        known = result.adapter;
        print(task, result);
      } catch (error) {
        console.log(`\n${model}, batch ${batch}: ours: ${error.message}`);
        process.exitCode = 1;
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
