// 3x3 convolutions of stride 1 as WASM kernels: multiplied directly, and in tiles of 2x2 and 4x4 results. Times are the
// least of many runs that take turns; GFLOP/s are those of the direct convolution, divided by the time.
//
//   node bench/winograd.mjs [batch] [height,width,channels,filters …]
import { emitKernels } from '../dist/compiler/emit/wasm/index.js';
import { GraphBuilder } from '../dist/compiler/graph/builder.js';
import { denseStrides } from '../dist/compiler/loop/builder.js';
import { groupNodes, lowerGroup } from '../dist/compiler/lower/index.js';
import * as ops from '../dist/compiler/ops/index.js';
import { windowsOver } from '../dist/compiler/ops/support/window.js';
import { chooseTile } from '../dist/compiler/passes/winograd-cost.js';
import { targets } from '../dist/compiler/program/target.js';
import { schedule } from '../dist/compiler/schedule/index.js';

const shapes = [
  [56, 56, 64, 64],
  [28, 28, 128, 128],
  [14, 14, 256, 256],
  [7, 7, 512, 512],
  [32, 32, 16, 16],
  [16, 16, 32, 32],
  [8, 8, 64, 64],
  [13, 13, 32, 64],
  [55, 55, 16, 64],
];
const [batch = '1', ...given] = process.argv.slice(2);
const n = Number(batch);
const page = 65536;

const dense = ({ type: { shape } }) => ({ shape, strides: denseStrides(shape), offset: 0 });
const input = (name, shape) => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype: 'f32', shape },
});

/** The kernel of relu(convolution + bias). `tile` 0: direct. */
function kernelOf([height, width, channels, filters], tile) {
  const g = new GraphBuilder();
  const x = input('x', ['N', height, width, channels]);
  const kernel = input('kernel', [3, 3, channels, filters]);
  const y =
    tile === 0
      ? g.emit(ops.conv2d, { x, kernel }, { padding: 'same' })
      : g.emit(
          ops.winogradConv2d,
          { x, kernel: g.emit(ops.winogradKernel, { kernel }, { tile }) },
          { filters, padding: 'same' },
        );
  const result = g.emit(ops.relu, { x: g.emit(ops.add, { a: y, b: input('bias', [filters]) }) });
  const graph = {
    name: 'bench',
    parameters: [],
    nodes: g.nodes,
    returns: [{ name: 'y', value: result }],
    updates: [],
  };
  const groups = groupNodes(graph, targets.wasm);
  return schedule(lowerGroup(groups.at(-1), dense).kernel, targets.wasm);
}

/** A call of the kernel on random numbers. */
function prepared(kernel) {
  const { bytes, scratchBytes } = emitKernels([kernel]);
  const lengths = [...kernel.inputs, ...kernel.outputs].map(({ shape }) =>
    shape.reduce((size, extent) => size * (extent === 'N' ? n : extent), 1),
  );
  let end = 0;
  const places = lengths.map((length) => {
    const place = end;
    end += Math.ceil((length * 4) / 256) * 256 + 256;
    return place;
  });
  const initial = Math.ceil((end + scratchBytes[0]) / page) + 1;
  const memory = new WebAssembly.Memory({ initial, maximum: page });
  lengths.forEach((length, i) => {
    const view = new Float32Array(memory.buffer, places[i], length);
    for (let k = 0; k < length; k++) view[k] = Math.random() * 2 - 1;
  });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return () => exports[kernel.name](...places, end, n, 0, 1);
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

for (const shape of given.length === 0 ? shapes : given.map((text) => text.split(',').map(Number))) {
  const [height, width, channels, filters] = shape;
  const flops = 2 * n * height * width * 9 * channels * filters;
  const forms = [0, 2, 4].map((tile) => ({ tile, run: prepared(kernelOf(shape, tile)), best: Infinity }));
  for (let i = 0; i < 15; i++) {
    for (const { run } of forms) run();
    await turn();
  }
  const rounds = Math.max(20, Math.min(300, Math.ceil(2e10 / flops)));
  for (let i = 0; i < rounds; i++) {
    for (const form of forms) {
      const began = performance.now();
      form.run();
      form.best = Math.min(form.best, performance.now() - began);
    }
    if (i % 16 === 0) await turn();
  }
  const direct = forms[0].best;
  const windows = windowsOver([height, width], [3, 3], [1, 1], 'same');
  const chosen = chooseTile({ windows, channels, filters, trained: false });
  const cells = forms.map(({ tile, best }) => {
    const name = tile === 0 ? 'direct' : `${tile}x${tile}${tile === chosen ? '*' : ''}`;
    const gain = tile === 0 ? '' : ` ${(direct / best).toFixed(2)}x`;
    return `${name} ${best.toFixed(3)} ms ${(flops / best / 1e6).toFixed(1)} GFLOP/s${gain}`;
  });
  console.log(`${height}x${width}x${channels} → ${filters}, batch ${n}: ${cells.join('  ')}`);
}
