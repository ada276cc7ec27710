/** What ops say of their weights, for all of the registry: scaling them along that axis scales the channels of the result. */
import { describe, expect, test } from 'vitest';
import { evaluate } from '../support/evaluate.ts';
import { calls, draw, emitCall, generator } from '../support/samples.ts';

const weighted = calls.filter(({ op }) => op.weights !== undefined);

test('convolution and matmul have weights', () => {
  const names = new Set(weighted.map(({ op }) => op.name));
  expect([...names]).toEqual(expect.arrayContaining(['conv2d', 'matmul']));
});

describe.each(weighted)('$title', (call) => {
  test('scaling the weights scales the channels', () => {
    const { operand, channels } = call.op.weights!;
    const { parameters, node } = emitCall(call);
    const random = generator(7);
    const given = call.operands.map((spec) => draw(spec, 2, random));
    const weights = given[operand]!;
    const axis = channels(node.attributes);
    const behind = weights.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const extent = weights.shape[axis]!;
    const factor = (channel: number): number => 0.5 + channel;
    const scaled = {
      ...weights,
      data: weights.data.map((value, i) => value * factor(Math.floor(i / behind) % extent)),
    };
    const run = (tensors: typeof given) =>
      evaluate(node, new Map(parameters.map((parameter, i) => [parameter, tensors[i]!])), 2);
    const plain = run(given);
    expect(plain.shape.at(-1)).toBe(extent);
    const expected = plain.data.map((value, i) => value * factor(i % extent));
    run(given.with(operand, scaled)).data.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 9));
  });
});
