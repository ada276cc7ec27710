// The kernels of typical layers, one thread: time, GFLOP/s, and the share of what multiplications and additions in
// registers reach on this machine. `node bench/kernels.mjs [PART OF A NAME] [--milliseconds N]`
import { parseArgs } from 'node:util';
import { emitKernels } from '../dist/compiler/emit/wasm/index.js';
import { encodeModule } from '../dist/compiler/emit/wasm/encode.js';
import { GraphBuilder } from '../dist/compiler/graph/builder.js';
import { denseStrides } from '../dist/compiler/loop/builder.js';
import { groupNodes, lowerGroup } from '../dist/compiler/lower/index.js';
import * as ops from '../dist/compiler/ops/index.js';
import { targets } from '../dist/compiler/program/target.js';
import { schedule } from '../dist/compiler/schedule/index.js';
import { table } from './support.mjs';

/** height, width, channels, filters, kernel, stride, padding */
const convolutions = [
  [56, 56, 64, 64, 3, 1, 'same'],
  [13, 13, 32, 64, 3, 1, 'valid'],
  [28, 28, 1, 6, 5, 1, 'same'],
  [14, 14, 6, 16, 5, 1, 'valid'],
  [32, 32, 16, 16, 3, 1, 'same'],
  [32, 32, 16, 32, 3, 2, 'same'],
  [224, 224, 3, 64, 7, 2, [3, 3]],
  [7, 7, 512, 512, 3, 1, 'same'],
  [14, 14, 256, 256, 1, 1, 'valid'],
];
const depthwise = [
  [56, 56, 128, 3, 1, 'same'],
  [56, 56, 128, 3, 2, 'same'],
];
/** inputs, outputs, batch */
const dense = [
  [1600, 128, 32],
  [1600, 128, 1],
];

const parameter = (name, ...shape) => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype: 'f32', shape },
});
const layout = ({ type: { shape } }) => ({ shape, strides: denseStrides(shape), offset: 0 });

/** The kernel of one op as lowering makes it. */
function lowered(op, operands, attributes) {
  const g = new GraphBuilder();
  const value = g.node(op, operands, attributes);
  const graph = { name: 'g', parameters: [], nodes: g.nodes, returns: [{ name: 'y', value }], updates: [] };
  const [group] = groupNodes(graph, targets.wasm);
  return { kernel: lowerGroup(group, layout).kernel, shape: value.type.shape };
}

function* layers() {
  for (const [h, w, ci, co, k, stride, padding] of convolutions) {
    const attributes = { strides: [stride, stride], padding };
    const name = `${h}x${w}x${ci}→${co} ${k}x${k}${stride > 1 ? `/${stride}` : ''}`;
    const [x, weights] = [parameter('x', 'N', h, w, ci), parameter('kernel', k, k, ci, co)];
    const { kernel, shape } = lowered(ops.conv2d, [x, weights], attributes);
    const [, oh, ow] = shape;
    const flops = 2 * oh * ow * k * k * ci * co;
    yield { name: `${name} forward`, kernel, flops, n: 1 };
    const dy = parameter('dy', ...shape);
    // Nothing asks for the gradient of a picture.
    if (ci > 3) {
      const size = { ...attributes, size: [h, w] };
      const { kernel: input } = lowered(ops.conv2dInputGradient, [dy, weights], size);
      yield { name: `${name} input gradient`, kernel: input, flops, n: 1 };
    }
    const kernelSize = { ...attributes, kernel_size: [k, k] };
    const { kernel: gradient } = lowered(ops.conv2dKernelGradient, [x, dy], kernelSize);
    yield { name: `${name} kernel gradient`, kernel: gradient, flops, n: 1 };
  }
  for (const [h, w, c, k, stride, padding] of depthwise) {
    const operands = [parameter('x', 'N', h, w, c), parameter('kernel', k, k, 1, c)];
    const { kernel, shape } = lowered(ops.conv2d, operands, {
      strides: [stride, stride],
      padding,
      groups: c,
    });
    const flops = 2 * shape[1] * shape[2] * k * k * c;
    yield { name: `${h}x${w}x${c} depthwise ${k}x${k}/${stride} forward`, kernel, flops, n: 1 };
  }
  for (const [i, o, n] of dense) {
    const [a, b, dy] = [parameter('a', 'N', i), parameter('b', i, o), parameter('dy', 'N', o)];
    const flops = 2 * n * i * o;
    const name = `dense ${i}→${o} batch ${n}`;
    const forward = lowered(ops.matmul, [a, b], { transpose_b: false });
    yield { name: `${name} forward`, kernel: forward.kernel, flops, n };
    if (n === 1) continue;
    const input = lowered(ops.matmul, [dy, b], { transpose_b: true });
    yield { name: `${name} input gradient`, kernel: input.kernel, flops, n };
    const gradient = lowered(ops.matmulKernelGradient, [a, dy], {});
    yield { name: `${name} kernel gradient`, kernel: gradient.kernel, flops, n };
  }
}

/** A function that runs the scheduled kernel once on memory of its own. */
function instantiate(kernel, n) {
  const scheduled = schedule(kernel, targets.wasm);
  const module = emitKernels([scheduled]);
  const line = 64;
  let end = 1024;
  const place = (bytes) => {
    const at = end;
    end += Math.ceil(bytes / line) * line + line;
    return at;
  };
  const sizeOf = ({ shape }) => shape.reduce((product, extent) => product * (extent === 'N' ? n : extent), 4);
  const operands = [...kernel.inputs, ...kernel.outputs].map((buffer) => place(sizeOf(buffer)));
  const scratch = place(module.scratchBytes[0]);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65536) + 1, maximum: 65536 });
  const elements = new Float32Array(memory.buffer);
  for (let i = 0; i < elements.length; i++) elements[i] = ((i * 7919) % 1000) / 1000 - 0.5;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes), { env: { memory } });
  return () => exports[scheduled.name](...operands, scratch, n, 0, 1);
}

/** Of each function the shortest run within the time, in ms, in turns: other work only ever makes a run longer. */
function shortest(runs, milliseconds) {
  const best = runs.map(() => Infinity);
  for (const run of runs) run();
  for (const end = performance.now() + milliseconds; performance.now() < end || best.includes(Infinity);)
    runs.forEach((run, i) => {
      const start = performance.now();
      run();
      best[i] = Math.min(best[i], performance.now() - start);
    });
  return best;
}

/**
 * Multiplications and additions on registers: as many independent chains as there are registers for, so that neither latency
 * nor memory counts.
 */
function peakLoop() {
  const chains = 13;
  const [count, first, factor] = [0, 1, 1 + chains];
  const set = (local, value) => [
    { op: 'f32.const', value },
    { op: 'f32x4.splat' },
    { op: 'local.set', local },
  ];
  const body = Array.from({ length: 4 * chains }, (_, i) => [
    { op: 'local.get', local: first + (i % chains) },
    { op: 'local.get', local: factor },
    { op: i % 2 === 0 ? 'f32x4.mul' : 'f32x4.add' },
    { op: 'local.set', local: first + (i % chains) },
  ]).flat();
  const again = [
    { op: 'local.get', local: count },
    { op: 'i32.const', value: 1 },
    { op: 'i32.sub' },
    { op: 'local.tee', local: count },
    { op: 'br_if', depth: 0 },
  ];
  const sum = Array.from({ length: chains }, (_, i) => [
    { op: 'local.get', local: first + i },
    ...(i === 0 ? [] : [{ op: 'f32x4.add' }]),
  ]).flat();
  const run = {
    name: 'run',
    parameters: [{ name: 'count', type: 'i32' }],
    results: ['f32'],
    locals: Array.from({ length: chains + 1 }, () => 'v128'),
    body: [
      ...Array.from({ length: chains }, (_, i) => set(first + i, i)).flat(),
      ...set(factor, 0.5),
      { op: 'loop', body: [...body, ...again] },
      ...sum,
      { op: 'f32x4.extract_lane', lane: 0 },
    ],
    exported: true,
  };
  const { bytes } = encodeModule({ globals: [], functions: [run], pages: 0 });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const iterations = 20000;
  return { run: () => exports.run(iterations), flops: iterations * 4 * chains * 4 };
}

/** GFLOP/s that the machine reaches. */
export function peak(milliseconds = 200) {
  const { run, flops } = peakLoop();
  return flops / shortest([run], milliseconds)[0] / 1e6;
}

export function kernels(args = process.argv.slice(2)) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { milliseconds: { type: 'string', default: '300' } },
  });
  const milliseconds = Number(values.milliseconds);
  const ceiling = peakLoop();
  const rows = [];
  for (const { name, kernel, flops, n } of layers()) {
    if (!positionals.every((part) => name.includes(part))) continue;
    // A processor is not equally fast at all times, so the peak is that of the same moment.
    const [time, atPeak] = shortest([instantiate(kernel, n), ceiling.run], milliseconds);
    const [rate, limit] = [flops / time / 1e6, ceiling.flops / atPeak / 1e6];
    rows.push([
      name,
      time.toFixed(3),
      rate.toFixed(1),
      limit.toFixed(1),
      `${((100 * rate) / limit).toFixed(0)} %`,
    ]);
  }
  table('Kernels, one thread', ['', 'ms', 'GFLOP/s', 'peak', 'share'], rows);
}

if (process.argv[1] === new URL(import.meta.url).pathname) kernels();
