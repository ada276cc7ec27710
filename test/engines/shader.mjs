// Shaders on a device, in whatever engine this runs in. Imports nothing.

const usage = { mapRead: 1, copySource: 4, copyDestination: 8, uniform: 64, storage: 128 };
const compute = 4;

/** Runs `work`; an error of validation, of memory, or inside of the implementation is thrown. */
export async function checked(device, work) {
  const filters = ['validation', 'out-of-memory', 'internal'];
  for (const filter of filters) device.pushErrorScope(filter);
  const result = await work();
  const errors = [];
  for (const _ of filters) errors.push(await device.popErrorScope());
  const error = errors.find((found) => found);
  if (error) throw new Error(error.message);
  return result;
}

/** The text with what a compiler says of it, each message behind its line. */
function annotated(code, messages) {
  const lines = code.split('\n');
  return messages
    .map(({ lineNum, linePos, message }) => {
      const line = lines[lineNum - 1] ?? '';
      return `${lineNum}:${linePos} ${message}\n    ${line.trim()}`;
    })
    .join('\n');
}

/** The compiled text; what is wrong with it is thrown with its lines. */
async function moduleOf(device, { name, code }) {
  // Dawn prints errors that no scope takes.
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: name, code });
  const refused = await device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter(({ type }) => type === 'error');
  if (errors.length > 0) throw new Error(annotated(code, errors));
  if (refused) throw new Error(refused.message);
  return module;
}

/** A pipeline for the entry point `name`. */
async function pipelineOf(device, { name, code, layout = 'auto' }) {
  const module = await moduleOf(device, { name, code });
  return device.createComputePipelineAsync({ layout, compute: { module, entryPoint: name } });
}

/**
 * What is wrong with each of these shaders, `{ name, code, title }`; those that compile give nothing. `whole`: it has more than
 * one entry point, and is not made into pipelines.
 */
export async function problemsOf(device, shaders) {
  const problems = [];
  const problemOf = async ({ whole, title, ...shader }) => {
    try {
      await (whole ? moduleOf : pipelineOf)(device, shader);
    } catch (error) {
      problems.push(`${title ?? shader.name}: ${error.message}`);
    }
  };
  // Engines compile several at a time.
  for (let first = 0; first < shaders.length; first += atOnce)
    await Promise.all(shaders.slice(first, first + atOnce).map(problemOf));
  return problems;
}

const atOnce = 16;

const compiled = new WeakMap();

/** The pipeline of a shader and the layout of its bindings; compiled once on each device. */
async function preparedOn(device, { name, code }, bound) {
  const known = compiled.get(device) ?? new Map();
  compiled.set(device, known);
  const types = bound.map(({ access, binding }) => ({
    binding,
    visibility: compute,
    buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
  }));
  const key = JSON.stringify([name, code, types]);
  const found = known.get(key);
  if (found) return found;
  const uniform = { binding: 0, visibility: compute, buffer: { type: 'uniform' } };
  const group = device.createBindGroupLayout({ entries: [uniform, ...types] });
  const layout = device.createPipelineLayout({ bindGroupLayouts: [group] });
  const prepared = { group, pipeline: await pipelineOf(device, { name, code, layout }) };
  known.set(key, prepared);
  return prepared;
}

/**
 * One dispatch. `arenas`: arrays of bytes, each a buffer; `bindings`: `{ arena, offset, bytes, access }` from binding 1 on,
 * one that is `shared` is left out; binding 0 is the uniform with `batch`, two numbers. Gives what the arenas hold then.
 */
export async function dispatch(device, { name, code, arenas, bindings, batch, workgroups }) {
  return checked(device, async () => {
    const bound = bindings
      .filter(({ access }) => access !== 'shared')
      .map((binding, i) => ({ ...binding, binding: i + 1 }));
    const { group, pipeline } = await preparedOn(device, { name, code }, bound);
    const bufferOf = (bytes, use) => {
      const buffer = device.createBuffer({ size: bytes.byteLength, usage: use });
      device.queue.writeBuffer(buffer, 0, bytes);
      return buffer;
    };
    const parameters = bufferOf(Uint32Array.from(batch), usage.uniform | usage.copyDestination);
    const all = usage.storage | usage.copySource | usage.copyDestination;
    const buffers = arenas.map((bytes) => bufferOf(bytes, all));
    const results = arenas.map(({ byteLength: size }) =>
      device.createBuffer({ size, usage: usage.mapRead | usage.copyDestination }),
    );
    const bindGroup = device.createBindGroup({
      layout: group,
      entries: [
        { binding: 0, resource: { buffer: parameters } },
        ...bound.map(({ arena, offset, bytes, binding }) => ({
          binding,
          resource: { buffer: buffers[arena], offset, size: bytes },
        })),
      ],
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...workgroups);
    pass.end();
    buffers.forEach((buffer, i) => encoder.copyBufferToBuffer(buffer, 0, results[i], 0, buffer.size));
    device.queue.submit([encoder.finish()]);
    const contents = [];
    for (const result of results) {
      await result.mapAsync(1);
      contents.push(new Uint8Array(result.getMappedRange().slice(0)));
    }
    for (const buffer of [parameters, ...buffers, ...results]) buffer.destroy();
    return contents;
  });
}

/**
 * What the plan of a program's memory relies on: one dispatch may write two ranges of one buffer that do not overlap, and
 * read a range of another buffer that is bound read-only. Gives what the ranges hold, or the error.
 */
export async function disjointRanges(device) {
  const code = `
@group(0) @binding(0) var<uniform> batch: vec2u;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(4) fn ranges(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < batch.x) {
    y[id.x] = weights[id.x] * x[id.x];
    x[id.x] = -1.0;
  }
}`;
  const arenas = [new Float32Array(128), new Float32Array(128)];
  for (let i = 0; i < 4; i++) {
    arenas[0][64 + i] = 10;
    arenas[1][i] = i + 1;
  }
  const at = (arena, offset, access) => ({ arena, offset, bytes: 256, access });
  const bindings = [at(0, 256, 'read'), at(1, 0, 'read_write'), at(1, 256, 'read_write')];
  const job = { name: 'ranges', code, arenas, bindings, batch: [3, 1], workgroups: [1] };
  const [, work] = await dispatch(device, job);
  const floats = new Float32Array(work.buffer);
  return { x: [...floats.subarray(0, 4)], y: [...floats.subarray(64, 68)] };
}
