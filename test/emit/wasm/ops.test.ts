/** Every sample of every op: the scheduled kernel as WASM gives the bits of the lowered one on the interpreter. */
import { expect, test } from 'vitest';
import type { Value } from '../../../compiler/graph/ir.ts';
import type { Elements } from '../../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../../compiler/loop/interpret.ts';
import { lowerMath } from '../../support/lower-math.ts';
import { groupNodes, lowerGroup } from '../../../compiler/lower/index.ts';
import { targets } from '../../../compiler/program/target.ts';
import { schedule } from '../../../compiler/schedule/index.ts';
import { elementCount } from '../../../compiler/base/types.ts';
import { dense } from '../../lower/run.ts';
import { calls, draw, emitCall, generator, hasKernel } from '../../support/samples.ts';
import { bitsOf, wasmKernel } from './run.ts';

const batches = [1, 3, 4, 9];

const lowered = calls.filter(({ op }) => hasKernel(op));
const cases = (['ts', 'wasm'] as const).flatMap((target) =>
  lowered.map((call) => ({ ...call, target, title: `${call.title} by the schedule of ${target}` })),
);

test.each(cases)('$title', (call) => {
  const { parameters, node } = emitCall(call);
  const graph = {
    name: 'call',
    parameters,
    nodes: [node],
    returns: [{ name: 'y', value: node }],
    updates: [],
  };
  const { kernel, inputs } = lowerGroup(groupNodes(graph, targets[call.target])[0]!, dense);
  const reference = lowerMath(kernel);
  const run = wasmKernel(schedule(kernel, targets[call.target]));
  for (const n of batches) {
    const random = generator(n);
    const drawn = new Map<Value, Elements>(
      parameters.map((p, i) => {
        const { dtype, data } = draw(call.operands[i]!, n, random);
        const elements = elementsFor(dtype, data.length, 'f32');
        elements.set(data);
        return [p, elements];
      }),
    );
    const operands = inputs.map((value) => drawn.get(value)!);
    const size = elementCount(node.type.shape, n);
    const expected = elementsFor(node.type.dtype, size, 'f32');
    interpret(reference, [...operands, expected], { n, precision: 'f32' });
    const result = elementsFor(node.type.dtype, size, 'f32');
    run([...operands, result], n);
    expect(bitsOf(result)).toEqual(bitsOf(expected));
  }
});
