/** Statements, buffers and accesses in all their forms: what the interpreter gives. */
import { expect, test } from 'vitest';
import { elementsFor, interpret } from '../../../compiler/loop/interpret.ts';
import type { Kernel } from '../../../compiler/loop/ir.ts';
import { verifyKernel } from '../../../compiler/loop/verify.ts';
import type { Program, Routine } from '../../../compiler/program/program.ts';
import { closeTo } from '../../support/close.ts';
import { describeGpu, programOf, runKernel, runProgram } from '../../support/gpu.ts';
import { inputsOf, outputsOf } from '../wasm/run.ts';
import { kernels } from './kernels.ts';

async function expectInterpreted(kernel: Kernel, n: number, oneArena: boolean): Promise<void> {
  const inputs = inputsOf(kernel, n);
  const [expected, actual] = [outputsOf(kernel, n), outputsOf(kernel, n)];
  interpret(kernel, [...inputs, ...expected], { n, precision: 'f32', races: true });
  await runKernel(kernel, [...inputs, ...actual], n, { oneArena });
  actual.forEach((elements, i) => closeTo(elements, expected[i]!, 1e-5));
}

describeGpu('forms', () => {
  test.each([...kernels])('%s', async (_, kernel) => {
    verifyKernel(kernel);
    for (const n of [5, 17])
      for (const oneArena of [false, true]) await expectInterpreted(kernel, n, oneArena);
  });

  const scale = kernels.get('batch')!;
  const inputs = inputsOf(scale, 5);
  const scaled = inputs[0]!.map((x) => x / 5);
  const program = programOf(scale, 5);
  const routine = program.routines[0]!;
  const withRoutine = (changed: Partial<Routine>): Program => ({
    ...program,
    routines: [{ ...routine, ...changed }],
  });

  test('an output in the memory of its input', async () => {
    const [x] = routine.allocations;
    const inPlace = withRoutine({ allocations: [x!, x!] });
    const [before, after] = [inputs[0]!, elementsFor('f32', 20, 'f32')];
    // What is written last is what the memory holds at first.
    after.set(before);
    await runProgram(inPlace, [before, after], { n: 5 });
    closeTo(after, scaled, 1e-6);
  });

  test('one operand twice', async () => {
    const [, y] = routine.allocations;
    const same = withRoutine({
      launches: [{ ...routine.launches[0]!, operands: [1, 1] }],
      allocations: [y!, y!],
    });
    const after = elementsFor('f32', 20, 'f32');
    after.set(inputs[0]!);
    await runProgram(same, [inputs[0]!, after], { n: 5 });
    closeTo(after, scaled, 1e-6);
  });

  test.each([0, 1])('a commit phase that is told %d', async (go) => {
    const commit = withRoutine({ launches: [], commit: routine.launches });
    const after = elementsFor('f32', 20, 'f32').fill(77);
    await runProgram(commit, [inputs[0]!, after], { n: 5, go });
    closeTo(after, go === 1 ? scaled : scaled.map(() => 77), 1e-6);
    expect(after.length).toBe(20);
  });
});
