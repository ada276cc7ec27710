/** Every sample of every op: the scheduled kernel as emitted JavaScript gives the bits of the lowered one on the interpreter. */
import { expect, test } from 'vitest';
import type { Value } from '../../compiler/graph/ir.ts';
import { denseStrides } from '../../compiler/loop/builder.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import { lowerMath } from '../support/lower-math.ts';
import { groupNodes, lowerGroup } from '../../compiler/lower/index.ts';
import { targets } from '../../compiler/program/target.ts';
import { schedule } from '../../compiler/schedule/index.ts';
import { elementCount } from '../../compiler/base/types.ts';
import { emittedKernel } from '../support/emitted.ts';
import { calls, draw, emitCall, generator, hasKernel } from '../support/samples.ts';

const dense = ({ type: { shape } }: Value) => ({ shape, strides: denseStrides(shape), offset: 0 });

/** 1, maxBatch - 1, maxBatch and 2 * maxBatch + 1 for a maxBatch of 4. */
const batches = [1, 3, 4, 9];

test.each(calls.filter(({ op }) => hasKernel(op)))('$title', (call) => {
  const { parameters, node } = emitCall(call);
  const graph = {
    name: 'call',
    parameters,
    nodes: [node],
    returns: [{ name: 'y', value: node }],
    updates: [],
  };
  const { kernel, inputs } = lowerGroup(groupNodes(graph, targets.ts)[0]!, dense);
  const lowered = lowerMath(kernel);
  const run = emittedKernel(schedule(kernel, targets.ts));
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
    interpret(lowered, [...operands, expected], { n, precision: 'f32' });
    const result = elementsFor(node.type.dtype, size, 'f32');
    run([...operands, result], n);
    expect(bytesOf(result)).toEqual(bytesOf(expected));
  }
});

const bytesOf = ({ buffer, byteOffset, byteLength }: Elements): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
