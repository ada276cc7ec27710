/** Outputs that the plan writes over an input: scheduled kernels give the same bits as with memory of their own. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import type { Value } from '../../compiler/graph/ir.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import { lowerGroup } from '../../compiler/lower/index.ts';
import type { Group } from '../../compiler/lower/index.ts';
import { inPlaceCandidates } from '../../compiler/plan/in-place.ts';
import type { TargetInfo } from '../../compiler/program/target.ts';
import { typescript, webgpu } from '../../compiler/program/target.ts';
import { schedule } from '../../compiler/schedule/index.ts';
import { generator } from '../support/samples.ts';
import { randomGraph } from '../lower/random-graph.ts';
import { bytesOf, dense, groupsOf } from '../lower/run.ts';

/** Runs the group's scheduled kernel; `shared` maps outputs to the inputs whose memory they get. */
function run(
  group: Group,
  n: number,
  shared: ReadonlyMap<Value, Value>,
  target: TargetInfo,
): readonly string[] {
  const { kernel, inputs, outputs } = lowerGroup(group, dense);
  const random = generator(5);
  const memory = new Map<Value, Elements>(
    inputs.map((value) => {
      const { dtype, shape } = value.type;
      return [value, elementsFor(dtype, elementCount(shape, n), 'f32').map(() => random() * 2 - 1)];
    }),
  );
  const results = outputs.map((output): Elements => {
    const input = shared.get(output);
    const { dtype, shape } = output.type;
    return (input && memory.get(input)) ?? elementsFor(dtype, elementCount(shape, n), 'f32').fill(NaN);
  });
  const operands = [...inputs.map((input) => memory.get(input) as Elements), ...results];
  interpret(schedule(kernel, target), operands, { n, precision: 'f32', races: true });
  return results.map(bytesOf);
}

it.each([typescript, webgpu])('keep every bit: $name', (target) => {
  let pairs = 0;
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { minLength: 20, maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      (choices, n) => {
        for (const group of groupsOf(randomGraph(choices).graph)) {
          const apart = run(group, n, new Map(), target);
          const lowered = lowerGroup(group, dense).inPlace;
          for (const { output, input } of inPlaceCandidates(group)) {
            pairs++;
            // What planning finds from traits alone, lowering finds in the kernel's accesses.
            expect(lowered.some((pair) => pair.output === output && pair.input === input)).toBe(true);
            expect(run(group, n, new Map([[output, input]]), target)).toEqual(apart);
          }
        }
      },
    ),
    { numRuns: 100 },
  );
  expect(pairs).toBeGreaterThan(50);
});
