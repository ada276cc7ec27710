import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import type { Graph, Value } from '../../compiler/graph/ir.ts';
import { denseStrides } from '../../compiler/loop/builder.ts';
import { interpret } from '../../compiler/loop/interpret.ts';
import { groupNodes, lowerGroup } from '../../compiler/lower/index.ts';
import * as ops from '../../compiler/ops/index.ts';
import { divide } from '../../compiler/passes/divide.ts';
import type { TargetInfo } from '../../compiler/program/target.ts';
import { targets } from '../../compiler/program/target.ts';
import type { Known } from './support.ts';
import { f32, numbersFor, opNames, results, Sketch } from './support.ts';

/** Whether a loss and tensors of these sizes are finite. */
function finiteGraph(sizes: readonly number[]) {
  const s = new Sketch();
  const tensors: Value[] = [s.input('loss', f32('N'))];
  sizes.forEach((size, i) => tensors.push(s.input(`t${i}`, size % 2 === 0 ? f32(size / 2, 2) : f32(size))));
  return s.returning({ finite: s.on(ops.allFinite, tensors) }).graph();
}

const limits = (maxOperands: number, shares: number): TargetInfo => ({
  ...targets.ts,
  maxOperands,
  shares,
});

/** What the kernels of a graph make of the numbers, in f32 and in their order. */
function kernelResults(graph: Graph, numbers: Known, n: number): readonly (readonly number[])[] {
  const values = new Map<Value, Float32Array>(
    graph.parameters.map((parameter) => [parameter, Float32Array.from(numbers[parameter.name] ?? [])]),
  );
  const dense = ({ type: { shape } }: Value) => ({ shape, strides: denseStrides(shape), offset: 0 });
  for (const group of groupNodes(graph, targets.wasm)) {
    const { kernel, inputs, outputs } = lowerGroup(group, dense);
    for (const node of outputs) values.set(node, new Float32Array(elementCount(node.type.shape, n)));
    const operands = [...inputs, ...outputs].map((value) => values.get(value)!);
    interpret(kernel, operands, { n, precision: 'f32' });
  }
  return graph.returns.map(({ value }) => [...values.get(value)!]);
}

describe('divide', () => {
  it('finds what is not finite wherever it is, within any limits', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(4097), fc.constant(5000)), {
      minLength: 1,
      maxLength: 12,
    });
    const shares = fc.constantFrom(1, 3, 8);
    const most = fc.integer({ min: 3, max: 9 });
    fc.assert(
      fc.property(sizes, shares, most, fc.nat(), fc.nat(), (given, count, maxOperands, tensor, element) => {
        const graph = finiteGraph(given);
        const divided = divide.run(graph, limits(maxOperands, count));
        for (const { operands } of divided.nodes) expect(operands.length).toBeLessThan(maxOperands);
        const numbers = numbersFor(graph, 3);
        expect(results(divided, numbers, 3)['finite']?.data).toEqual([1]);
        const names = Object.keys(numbers);
        const name = names[tensor % names.length] ?? '';
        for (const bad of [NaN, Infinity, -Infinity]) {
          const values = [...(numbers[name] ?? [])];
          values[element % values.length] = bad;
          const broken = { ...numbers, [name]: values };
          expect(results(divided, broken, 3)['finite']?.data).toEqual([0]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leaves few and small tensors to one kernel', () => {
    const graph = finiteGraph([10, 4096, 7]);
    expect(divide.run(graph, targets.wgsl)).toBe(graph);
    expect(divide.run(finiteGraph([10, 5000, 7]), targets.ts).nodes).toHaveLength(1);
  });

  it('divides large tensors into shares, the smallest ones going with these', () => {
    const names = opNames(divide.run(finiteGraph([10, 204_800, 7, 18_432]), targets.wgsl));
    expect(names.filter((name) => name !== 'reshape')).toEqual(['finite_shares', 'all_true_and_finite']);
    const many = opNames(divide.run(finiteGraph(Array.from({ length: 65 }, () => 300)), targets.wgsl));
    expect(many.filter((name) => name === 'finite_shares')).toHaveLength(10);
  });

  it('looks at many tensors chunk by chunk where threads share memory', () => {
    const graph = finiteGraph(Array.from({ length: 300 }, () => 2));
    expect(opNames(divide.run(graph, targets.wasm))).toEqual(['all_finite', 'all_finite', 'logical_and']);
  });

  it('sums and means of few channels are made of each sample first, with the same bits', () => {
    const sums = (height: number, channels: number) => {
      const s = new Sketch();
      const x = s.input('x', f32('N', height, 8, channels));
      const named = [ops.sum, ops.mean].flatMap((op) => [
        [op.name, s.on(op, [x], { keep: [-1], axes: [], keepdims: false })] as const,
        [`kept_${op.name}`, s.on(op, [x], { axes: [0, 2, 1], keep: [], keepdims: true })] as const,
      ]);
      return s.returning(Object.fromEntries(named)).graph();
    };
    for (const height of [8, 512]) {
      const graph = sums(height, 3);
      const divided = divide.run(graph, targets.wasm);
      expect(opNames(divided)).toEqual([
        ...Array.from({ length: 5 }, () => 'sum'),
        'mean_of_sums',
        'sum',
        'mean_of_sums',
      ]);
      const numbers = numbersFor(graph, 3);
      expect(kernelResults(divided, numbers, 3)).toEqual(kernelResults(graph, numbers, 3));
      expect(divide.run(graph, targets.ts)).toBe(graph);
    }
    // Too few elements, an order of another kind, enough results.
    for (const [height, channels] of [
      [7, 3],
      [513, 3],
      [8, 33],
    ] as const)
      expect(opNames(divide.run(sums(height, channels), targets.wasm))).toEqual([
        'sum',
        'sum',
        'mean',
        'mean',
      ]);
  });
});
