/** The target of the documentation: its C is compiled, run, and compared with the module that cnnc itself emits. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { analyze } from '../../compiler/frontend/index.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import type { Program } from '../../compiler/program/program.ts';
import { typescript } from '../../compiler/program/target.ts';
import { readSafetensors } from '../../runtime/safetensors.ts';
import { compileText, importFiles } from '../support/module.ts';
import { importBlock, root, typeErrors, writeBlock } from './blocks.ts';

const page = 'docs/add-a-target.md';
const folder = mkdtempSync(join(tmpdir(), 'cnnc-target-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const compiler = ['cc', 'gcc', 'clang'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** A `main` that reads the weights and, after `prepare`, the input, and writes the memory that `infer` leaves. */
const main = (prepares: boolean, weights: number, work: number): string => `
#include <stdio.h>
static char weights[${weights}], work[${work}];
int main(void) {
  fread(weights, 1, sizeof weights, stdin);
  ${prepares ? 'prepare(weights, work, 1);' : ''}
  fread(work, 1, sizeof work, stdin);
  infer(weights, work, 1);
  fwrite(work, 1, sizeof work, stdout);
}
`;

/** Runs `prepare` and `infer` of the program in C on one sample; gives the result. */
function runInC(text: string, program: Program, saved: Uint8Array, sample: Uint8Array): Float32Array {
  const infer = program.routines.find(({ name }) => name === 'infer');
  if (infer === undefined) throw new Error('no routine infer');
  const weights = new Uint8Array(program.persistentBytes);
  for (const [name, { data }] of readSafetensors(saved).tensors) {
    const tensor = program.persistent.find((each) => each.name === name);
    weights.set(new Uint8Array(Float32Array.from(data).buffer), tensor?.placement.offset);
  }
  const work = new Uint8Array(Math.max(...program.routines.map(({ memory }) => memory.planned)));
  const placeOf = (port: { readonly allocation: number } | undefined) =>
    infer.allocations[port?.allocation ?? -1]?.placement ?? { offset: 0, bytes: 0 };
  work.set(sample, placeOf(infer.inputs[0]).offset);
  const prepares = program.routines.some(({ name }) => name === 'prepare');
  const source = join(folder, 'model.c');
  const binary = join(folder, 'model');
  writeFileSync(source, text + main(prepares, weights.length, work.length));
  const flags = ['-O1', '-ffp-contract=off', '-Wno-unused-result', '-o', binary, source, '-lm'];
  const built = spawnSync(compiler as string, flags, { encoding: 'utf8' });
  expect(built.stderr).toBe('');
  const run = spawnSync(binary, { input: Buffer.concat([weights, work]), maxBuffer: 1 << 28 });
  const { offset, bytes } = placeOf(infer.results[0]);
  return new Float32Array(Uint8Array.from(run.stdout.subarray(offset)).buffer, 0, bytes / 4);
}

it.for(['keras_classifier', 'lenet5'])(
  `${page}: %s in C predicts what its module predicts`,
  async (name, { skip }) => {
    skip(compiler === undefined, 'there is no C compiler');
    const { emitC } = (await importBlock(page)) as { emitC: (program: Program) => string };
    const text = readFileSync(join(root, 'dsl-examples', `${name}.cnn`), 'utf8');
    const source = { entry: 'model.cnn', read: () => text };
    const { model: analyzed } = analyze(source, {});
    if (analyzed === undefined) throw new Error('no model');
    const { program } = buildProgram(analyzed, { target: typescript, inference: true });
    const { createModel } = await importFiles(compileText(text, { kernels: 'ts' }).files);
    const model = await createModel({ seed: 1 });
    const [port] = program.inputs;
    const size = port?.type.shape.reduce<number>((product, extent) => product * Number(extent), 1) ?? 0;
    const sample = Uint8Array.from({ length: size }, (_, i) => (i * 37) % 256);
    const [expected = new Float32Array()] = Object.values(await model.predict({ image: sample }));
    const result = runInC(emitC(program), program, await model.saveWeights(), sample);
    // The C library's exp rounds otherwise.
    expect(result).toHaveLength(expected.length);
    result.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 6));
  },
);

it(`${page} is right under the types of the repository`, () => {
  expect(typeErrors([writeBlock(page)])).toEqual([]);
});
