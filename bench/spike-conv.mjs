// A 3x3 convolution with bias and relu, three times: written by hand as instructions, as Loop IR of the same tiles, and as
// the compiler schedules it (with its padding, and packing the weights itself). Prints GFLOP/s, and what the machine can do.
import { encodeModule } from '../dist/compiler/emit/wasm/encode.js';
import { emitKernels } from '../dist/compiler/emit/wasm/index.js';
import { parseKernel } from '../dist/compiler/loop/parse.js';
import { denseStrides } from '../dist/compiler/loop/builder.js';
import { GraphBuilder } from '../dist/compiler/graph/builder.js';
import { groupNodes, lowerGroup } from '../dist/compiler/lower/index.js';
import * as ops from '../dist/compiler/ops/index.js';
import { targets } from '../dist/compiler/program/target.js';
import { schedule } from '../dist/compiler/schedule/index.js';

const get = (local) => ({ op: 'local.get', local });
const set = (local) => ({ op: 'local.set', local });
const i32 = (value) => ({ op: 'i32.const', value });
const plain = (op) => ({ op });
/** local += amount */
const move = (local, amount) => [get(local), i32(amount), plain('i32.add'), set(local)];

/** The loop `do { body; pointer += step } while (pointer != end)`. */
function until(pointer, step, end, body) {
  return {
    op: 'loop',
    body: [
      ...body,
      get(pointer),
      i32(step),
      plain('i32.add'),
      { op: 'local.tee', local: pointer },
      get(end),
      plain('i32.ne'),
      { op: 'br_if', depth: 0 },
    ],
  };
}

const f32x4 = 16;

/** `conv(x, w, b, y)`; x [h + 2, w + 2, ci], w [co / 8, 3, 3, ci, 8], y [h, w, co]. */
function byHand({ h, w, ci, co }) {
  const [x, weights, bias, y] = [0, 1, 2, 3];
  let next = 4;
  const locals = [];
  const local = (type) => (locals.push(type), next++);
  const names = [
    'block',
    'row',
    'end',
    'xp',
    'wp',
    'xr',
    'kh',
    'kw',
    'yp',
    'blocks',
    'rows',
    'columns',
    'xw',
    'ey',
  ];
  const [block, row, end, xp, wp, xr, kh, kw, yp, blocks, rows, columns, xw, ey] = names.map(() =>
    local('i32'),
  );
  const acc = Array.from({ length: 4 }, () => [local('v128'), local('v128')]);
  const [k0, k1, value] = [local('v128'), local('v128'), local('v128')];
  const width = (w + 2) * ci * 4;
  const tile = (size) => [
    ...acc
      .slice(0, size)
      .flatMap((pair) => pair.flatMap((a, v) => [get(bias), { op: 'v128.load', offset: v * f32x4 }, set(a)])),
    get(block),
    set(wp),
    get(xw),
    set(xr),
    i32(3),
    set(kh),
    {
      op: 'loop',
      body: [
        get(xr),
        set(xp),
        i32(3),
        set(kw),
        {
          op: 'loop',
          body: [
            get(xp),
            i32(ci * 4),
            plain('i32.add'),
            set(end),
            until(xp, 4, end, [
              get(wp),
              { op: 'v128.load', offset: 0 },
              set(k0),
              get(wp),
              { op: 'v128.load', offset: f32x4 },
              set(k1),
              ...acc
                .slice(0, size)
                .flatMap(([a, b], t) => [
                  get(xp),
                  { op: 'v128.load32_splat', offset: t * ci * 4 },
                  { op: 'local.tee', local: value },
                  get(k0),
                  plain('f32x4.mul'),
                  get(a),
                  plain('f32x4.add'),
                  set(a),
                  get(value),
                  get(k1),
                  plain('f32x4.mul'),
                  get(b),
                  plain('f32x4.add'),
                  set(b),
                ]),
              ...move(wp, 32),
            ]),
            ...countDown(kw),
          ],
        },
        ...move(xr, width),
        ...countDown(kh),
      ],
    },
    ...acc
      .slice(0, size)
      .flatMap((pair, t) =>
        pair.flatMap((a, v) => [
          get(yp),
          get(a),
          i32(0),
          plain('i32x4.splat'),
          plain('f32x4.pmax'),
          i32(0),
          plain('i32x4.splat'),
          plain('f32x4.add'),
          { op: 'v128.store', offset: (t * co + v * 4) * 4 },
        ]),
      ),
  ];
  function countDown(counter) {
    return [
      get(counter),
      i32(1),
      plain('i32.sub'),
      { op: 'local.tee', local: counter },
      { op: 'br_if', depth: 0 },
    ];
  }
  const fours = Math.floor(w / 4);
  const body = [
    get(weights),
    set(block),
    get(y),
    set(ey),
    i32(co / 8),
    set(blocks),
    {
      op: 'loop',
      body: [
        get(x),
        set(row),
        get(ey),
        set(yp),
        i32(h),
        set(rows),
        {
          op: 'loop',
          body: [
            get(row),
            set(xw),
            i32(fours),
            set(columns),
            {
              op: 'loop',
              body: [...tile(4), ...move(xw, 4 * ci * 4), ...move(yp, 4 * co * 4), ...countDown(columns)],
            },
            ...(w % 4 === 0 ? [] : [...tile(w % 4), ...move(yp, (w % 4) * co * 4)]),
            ...move(row, width),
            ...countDown(rows),
          ],
        },
        ...move(block, 9 * ci * 32),
        ...move(ey, 32),
        ...move(bias, 32),
        ...countDown(blocks),
      ],
    },
  ];
  return {
    name: 'conv',
    parameters: ['x', 'w', 'b', 'y'].map((name) => ({ name, type: 'i32' })),
    results: [],
    locals,
    body,
    exported: true,
  };
}

/** The same as Loop IR. */
function asLoops({ h, w, ci, co }) {
  const tile = (name, size, blocks, start) => {
    const place = start === 0 ? `4 * ${name} + t${name}` : `t${name} + ${start}`;
    const lanes = (n, body) => `for t${name}: ${size} in 0..${size} unroll { for v${name}: 2 in 0..2 unroll {
      for l${name}${n}: 4 in 0..4 vectorize { ${body(`l${name}${n}`)} } } }`;
    const acc = (l) => `acc${name}[t${name}, v${name}, ${l}]`;
    const channel = (l) => `8 * c + 4 * v${name} + ${l}`;
    return `for ${name}: ${blocks} in 0..${blocks} {
      alloc register acc${name}: f32[${size}, 2, 4]
      ${lanes('a', (l) => `${acc(l)} = b[${channel(l)}]`)}
      for kh${name}: 3 in 0..3 { for kw${name}: 3 in 0..3 { for i${name}: ${ci} in 0..${ci} {
        ${lanes('b', (l) => `${acc(l)} add= x[h + kh${name}, ${place} + kw${name}, i${name}] * w[c, kh${name}, kw${name}, i${name}, 4 * v${name} + ${l}]`)}
      } } }
      ${lanes('c', (l) => `y[h, ${place}, ${channel(l)}] = max(${acc(l)}, 0.0)`)}
    }`;
  };
  return parseKernel(`kernel conv [contraction](x: f32[${h + 2}, ${w + 2}, ${ci}], w: f32[${co / 8}, 3, 3, ${ci}, 8], b: f32[${co}]) -> (y: f32[${h}, ${w}, ${co}]) {
    for c: ${co / 8} in 0..${co / 8} { for h: ${h} in 0..${h} {
      ${tile('p', 4, Math.floor(w / 4), 0)}
      ${w % 4 === 0 ? '' : tile('q', w % 4, 1, w - (w % 4))}
    } }
  }`);
}

const elements = (...shape) =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i));

/** Places operands in a memory and gives a call of the function, and a view of the result. */
function instance(bytes, name, operands, extra) {
  let end = 1024;
  const places = operands.map(({ byteLength }) => {
    const place = end;
    end += Math.ceil(byteLength / 256) * 256;
    return place;
  });
  const memory = new WebAssembly.Memory({ initial: Math.ceil((end + (1 << 22)) / 65536), maximum: 65536 });
  operands.forEach((operand, i) => new Float32Array(memory.buffer, places[i], operand.length).set(operand));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const result = new Float32Array(memory.buffer, places.at(-1), operands.at(-1).length);
  return { run: () => exports[name](...places, ...extra(end)), result };
}

/** Kernels as the compiler makes them, of batches of one: the convolution with padding, and its gradients. */
function scheduled({ h, w, ci, co }) {
  const parameter = (name, shape) => ({
    kind: 'parameter',
    role: 'input',
    name,
    type: { dtype: 'f32', shape },
  });
  const [x, k, b, dy] = [
    parameter('x', ['N', h, w, ci]),
    parameter('k', [3, 3, ci, co]),
    parameter('b', [co]),
    parameter('dy', ['N', h, w, co]),
  ];
  const attributes = { strides: [1, 1], padding: 'same' };
  const made = (name, make) => {
    const g = new GraphBuilder();
    const node = make(g);
    const returns = [{ name: 'y', value: node }];
    const [group] = groupNodes(
      { name: 'g', parameters: [], nodes: g.nodes, returns, updates: [] },
      targets.wasm,
    );
    const dense = ({ type: { shape } }) => ({ shape, strides: denseStrides(shape), offset: 0 });
    const { kernel, inputs } = lowerGroup(group, dense);
    const emitted = emitKernels([schedule(kernel, targets.wasm)]);
    const size = ({ type: { shape } }) => shape.reduce((n, extent) => n * (extent === 'N' ? 1 : extent), 1);
    const operands = [...inputs.map((input) => elements(size(input))), new Float32Array(size(node))];
    if (process.env.WAT === name) console.log(emitted.wat());
    return { name, run: instance(emitted.bytes, kernel.name, operands, (end) => [end, 1, 0, 1]).run };
  };
  return [
    made('forward', (g) =>
      g.emit(ops.relu, { x: g.emit(ops.add, { a: g.node(ops.conv2d, [x, k], attributes), b }) }),
    ),
    made('input gradient', (g) => g.node(ops.conv2dInputGradient, [dy, k], { ...attributes, size: [h, w] })),
    made('kernel gradient', (g) =>
      g.node(ops.conv2dKernelGradient, [x, dy], { ...attributes, kernel_size: [3, 3] }),
    ),
  ];
}

/** Multiplications and additions that are not of zeros at the edges. */
const paddedFlops = ({ h, w, ci, co }) => 2 * (3 * h - 2) * (3 * w - 2) * ci * co;

const seconds = Number(process.env.SECONDS ?? 3);
/** The shortest times of all, taken in turns. */
function race(runs) {
  const best = runs.map(() => Infinity);
  for (const stop = performance.now() + seconds * 1000; performance.now() < stop;)
    runs.forEach((run, i) => {
      const start = performance.now();
      run();
      best[i] = Math.min(best[i], performance.now() - start);
    });
  return best;
}

const rounds = 50000;
const sums = [3, 4, 5, 6, 7, 8, 9, 10];
/** Eight sums of products that do not depend on one another, which hide how long an addition takes; a load for every two. */
const peakFunction = {
  name: 'peak',
  parameters: [{ name: 'place', type: 'i32' }],
  results: [],
  locals: ['i32', 'v128', ...sums.map(() => 'v128'), 'v128'],
  body: [
    i32(rounds),
    set(1),
    {
      op: 'loop',
      body: [
        ...sums.flatMap((sum, i) => [
          ...(i % 2 === 0 ? [get(0), { op: 'v128.load32_splat', offset: 64 * i }, set(11)] : []),
          get(11),
          get(2),
          plain('f32x4.mul'),
          get(sum),
          plain('f32x4.add'),
          set(sum),
        ]),
        get(1),
        i32(1),
        plain('i32.sub'),
        { op: 'local.tee', local: 1 },
        { op: 'br_if', depth: 0 },
      ],
    },
    get(0),
    get(3),
    ...sums.slice(1).flatMap((sum) => [get(sum), plain('f32x4.add')]),
    { op: 'v128.store', offset: 0 },
  ],
  exported: true,
};
const peak = instance(
  encodeModule({ globals: [], functions: [peakFunction], pages: 0 }).bytes,
  'peak',
  [new Float32Array(256)],
  () => [],
);

for (const shape of [
  { h: 56, w: 56, ci: 64, co: 64 },
  { h: 11, w: 11, ci: 32, co: 64 },
]) {
  const { h, w, ci, co } = shape;
  const operands = [
    elements(h + 2, w + 2, ci),
    elements(co, 9, ci),
    elements(co),
    new Float32Array(h * w * co),
  ];
  const hand = instance(
    encodeModule({ globals: [], functions: [byHand(shape)], pages: 0 }).bytes,
    'conv',
    operands,
    () => [],
  );
  const emitted = emitKernels([asLoops(shape)]);
  if (process.env.WAT === 'loops') console.log(emitted.wat());
  const loops = instance(emitted.bytes, 'conv', operands, (end) => [end, 1, 0, 1]);
  const others = scheduled(shape);
  hand.run();
  loops.run();
  if (!hand.result.every((value, i) => Object.is(value, loops.result[i])))
    throw new Error('the results differ');
  const times = race([hand.run, loops.run, peak.run, ...others.map(({ run }) => run)]);
  const flops = 2 * 9 * h * w * ci * co;
  const rate = (time, work = flops) => (work / time / 1e6).toFixed(1);
  console.log(
    `${h}x${w}x${ci} → ${co}: by hand ${rate(times[0])}, Loop IR ${rate(times[1])} GFLOP/s (${((100 * times[0]) / times[1]).toFixed(1)} %), ` +
      `peak ${rate(times[2], 64 * rounds)}` +
      others.map(({ name }, i) => `, ${name} ${rate(times[3 + i], paddedFlops(shape))}`).join(''),
  );
}
