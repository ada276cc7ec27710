/** Shaders of a whole program: which are shared, how they bind what, and their names. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { emitWgsl } from '../../../compiler/emit/wgsl/index.ts';
import { analyze } from '../../../compiler/frontend/index.ts';
import type { Kernel } from '../../../compiler/loop/ir.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { buildProgram } from '../../../compiler/program/build.ts';
import type { Allocation, Program, Routine } from '../../../compiler/program/program.ts';
import { targets } from '../../../compiler/program/target.ts';
import { describeGpu, runKernel } from '../../support/gpu.ts';

const scale = parseKernel(`kernel scale [elementwise](x: f32[N, 4], w: f32[4]) -> (y: f32[N, 4]) {
  for g: N in 0..floor((N + 15) / 16) bind(workgroup_x) {
    for t: 16 in 0..16 bind(thread_x) {
      if 0 <= 16 * g + t < N { for l: 4 in 0..4 vectorize { y[16 * g + t, l] = x[16 * g + t, l] * w[l] } }
    }
  }
}`);

/** Allocations by name: where they lie. */
type Places = Readonly<Record<string, readonly [arena: 'persistent' | 'work', offset: number]>>;

/** `launches` and `commit`: names of what each launch takes. */
function programOf(
  places: Places,
  launches: readonly (readonly string[])[],
  commit: readonly (readonly string[])[] = [],
  kernel: Kernel = scale,
): Program {
  const names = Object.keys(places);
  const allocations = Object.entries(places).map(([name, [arena, offset]]): Allocation => ({
    name,
    dtype: 'f32',
    shape: [16],
    placement: { arena, offset, bytes: 64 },
  }));
  const launch = (operands: readonly string[]) => ({
    kernel: 0,
    operands: operands.map((name) => names.indexOf(name)),
    locations: [],
    comment: '',
  });
  const routine: Routine = {
    name: 'step',
    maxBatch: 4,
    allocations,
    inputs: [],
    results: [],
    launches: launches.map(launch),
    commit: commit.map(launch),
    memory: { planned: 0, bound: 0, naive: 0 },
  };
  const nothing = { inputs: [], outputs: [], persistent: [], persistentBytes: 0 };
  return { name: 'p', ...nothing, kernels: [kernel], routines: [routine] };
}

const places: Places = {
  x: ['work', 0],
  y: ['work', 256],
  z: ['work', 512],
  w: ['persistent', 0],
  v: ['persistent', 256],
};

describe('shaders of launches', () => {
  test('launches that bind alike share one', () => {
    const program = programOf(places, [
      ['x', 'w', 'y'],
      ['y', 'w', 'z'],
      ['x', 'y', 'z'],
    ]);
    const { shaders, launches } = emitWgsl(program);
    expect(launches.get(program.routines[0]!)).toEqual([0, 0, 1]);
    expect(shaders.map(({ access }) => access)).toEqual([
      ['read_write', 'read', 'read_write'],
      ['read_write', 'read_write', 'read_write'],
    ]);
  });

  test('what is written is bound once', () => {
    const { shaders } = emitWgsl(
      programOf(places, [
        ['x', 'w', 'x'],
        ['x', 'x', 'y'],
        ['w', 'v', 'x'],
        ['w', 'x', 'v'],
      ]),
    );
    expect(shaders.map(({ access }) => access)).toEqual([
      ['read_write', 'read', 'shared'],
      ['read_write', 'shared', 'read_write'],
      ['read', 'read', 'read_write'],
      ['read_write', 'read', 'read_write'],
    ]);
    expect(shaders[0]?.text).toContain('x[t] = x[t] * w[0];');
    // Bindings are numbered without gaps.
    expect(shaders.map(({ text }) => [...text.matchAll(/@binding\((\d)\)/g)].map(([, i]) => i))).toEqual([
      ['1', '2'],
      ['1', '2'],
      ['1', '2', '3'],
      ['1', '2', '3'],
    ]);
  });

  test('operands that overlap otherwise are a bug', () => {
    const overlapping = { ...places, y: ['work', 32] as const };
    expect(() => emitWgsl(programOf(overlapping, [['x', 'w', 'y']]))).toThrow(/overlap/);
  });

  test('those of a commit phase wait for its sign', () => {
    const program = programOf(places, [['x', 'w', 'y']], [['x', 'w', 'y']]);
    const { shaders, launches } = emitWgsl(program);
    expect(launches.get(program.routines[0]!)).toEqual([0, 1]);
    expect(shaders.map(({ name }) => name)).toEqual(['scale', 'scale_gated']);
    expect(shaders.map(({ text }) => text.includes('batch.go == 0u'))).toEqual([false, true]);
  });

  test('a step has a gate, which writes the `Batch` that others read', () => {
    const program = programOf(places, [['x', 'w', 'y']]);
    expect(emitWgsl(program).gate).toBeUndefined();
    const routines = program.routines.map((routine) => ({ ...routine, finite: 0 }));
    const { gate, shaders } = emitWgsl({ ...program, routines });
    expect(shaders).toHaveLength(1);
    expect(gate).toMatchObject({ name: 'gate', access: ['read_write'] });
    expect(gate?.text).toContain('@binding(0) var<storage, read_write> state: Batch;');
    expect(gate?.text).toContain('state.go &= finite;');
  });

  test('workgroups for a number of samples', () => {
    const [shader] = emitWgsl(programOf(places, [['x', 'w', 'y']])).shaders;
    const one = { constant: 1, perSample: 0, divisor: 1 };
    expect(shader?.workgroups).toEqual([{ constant: 0, perSample: 1, divisor: 16 }, one, one]);
  });
});

const awkward = parseKernel(`kernel fn [elementwise](array: f32[N, 4], let: f32[4]) -> (vec4f: f32[N, 4]) {
  for workgroup: N in 0..N bind(workgroup_x) {
    for thread: 4 in 0..4 bind(thread_x) {
      let select: f32 = max(array[workgroup, thread], let[thread])
      let batch: f32 = exp(select)
      alloc register max: f32[]
      max[] = 0.0
      for if: 3 in 0..3 { max[] max= select * f32(index(if)) }
      vec4f[workgroup, thread] = max[] + min(batch, f32(N))
    }
  }
}`);

test('words of WGSL are no names', () => {
  const names = ['x', 'w', 'y'];
  const { shaders } = emitWgsl(programOf(places, [names], [], awkward));
  expect(shaders[0]?.text).toMatchInlineSnapshot(`
    "// fn_1(array_1: f32[N, 4], let_1: f32[4]) -> vec4f_1: f32[N, 4]
    @group(0) @binding(1) var<storage, read_write> array_1: array<f32>;
    @group(0) @binding(2) var<storage, read> let_1: array<f32>;
    @group(0) @binding(3) var<storage, read_write> vec4f_1: array<f32>;

    @compute @workgroup_size(4)
    fn fn_1(
      @builtin(workgroup_id) workgroup: vec3u,
      @builtin(local_invocation_id) thread: vec3u,
    ) {
      let N = i32(batch.samples);
      let workgroup_1 = i32(workgroup.x);
      let thread_1 = i32(thread.x);
      let at = workgroup_1 * 4 + thread_1;
      let select_1 = max(array_1[at], let_1[thread_1]);
      let batch_1 = exp(select_1);
      var max_1 = 0.0;
      for (var if_1 = 0; if_1 < 3; if_1++) {
        max_1 = max(max_1, select_1 * f32(if_1));
      }
      vec4f_1[at] = max_1 + min(batch_1, f32(N));
    }
    "
  `);
});

describeGpu('on a device', () => {
  test('words of WGSL are no names', async () => {
    const y = new Float32Array(8);
    await runKernel(awkward, [Float32Array.from({ length: 8 }, (_, i) => i / 8), new Float32Array(4), y], 2);
    expect(y[7]).toBeCloseTo(2 * (7 / 8) + 2, 5);
  });
});

test.each(['lenet5', 'digits'])('%s: one module of shaders with names of their own', (example) => {
  const entry = `dsl-examples/${example}.cnn`;
  const { model } = analyze({ entry, read: (path) => readFileSync(path, 'utf8') });
  const { program } = buildProgram(model!, { target: targets.wgsl });
  const { common, shaders, launches } = emitWgsl(program);
  for (const routine of program.routines) {
    const all = [...routine.launches, ...routine.commit];
    const own = launches.get(routine)?.map((shader) => shaders[shader]?.access.length);
    expect(own).toEqual(
      all.map(
        ({ kernel }) => program.kernels[kernel]!.inputs.length + program.kernels[kernel]!.outputs.length,
      ),
    );
  }
  const text = common + shaders.map((shader) => shader.text).join('\n');
  const declared = [...text.matchAll(/^(?:@group.*)?(?:var<.*>|fn|struct) (\w+)/gm)].map(([, name]) => name);
  expect(new Set(declared).size).toBe(declared.length);
  for (const { name } of program.kernels) expect(declared).toContain(name);
  // Each binding is used, and nothing is divided to find out where a thread is.
  for (const shader of shaders)
    for (const [, name] of shader.text.matchAll(/@binding\(\d\).* (\w+): array/g))
      expect(shader.text.split(new RegExp(`\\b${name}\\[`)).length).toBeGreaterThan(1);
  expect(text).not.toMatch(/(workgroup|thread|global)\.[xyz]\) [/%]/);
});
