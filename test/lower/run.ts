/** Runs graphs on the interpreter, group by group. */
import { invariant } from '../../compiler/base/invariant.ts';
import { elementCount } from '../../compiler/base/types.ts';
import type { Graph, Parameter, Value } from '../../compiler/graph/ir.ts';
import { hasTrait } from '../../compiler/graph/op.ts';
import { denseStrides } from '../../compiler/loop/builder.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import type { Group, Layout } from '../../compiler/lower/index.ts';
import { groupNodes, lowerGroup } from '../../compiler/lower/index.ts';
import { typescript } from '../../compiler/program/target.ts';
import { generator } from '../support/samples.ts';

export const dense = ({ type: { shape } }: Value): Layout => ({
  shape,
  strides: denseStrides(shape),
  offset: 0,
});

export const groupsOf = (graph: Graph): readonly Group[] => groupNodes(graph, typescript);

/** A graph that returns these values. */
export function graphOf(nodes: Graph['nodes'], ...results: readonly Value[]): Graph {
  const returns = results.map((value, i) => ({ name: `r${i}`, value }));
  return { name: 'g', parameters: [], nodes, returns, updates: [] };
}

export interface RunOptions {
  readonly n: number;
  readonly precision?: 'f32' | 'f64';
  /** Default: none. */
  readonly transform?: (kernel: Kernel) => Kernel;
}

/** The memory of every value that a group stores. Views share that of their operand. */
export function runGroups(
  groups: readonly Group[],
  known: ReadonlyMap<Value, Elements>,
  { n, precision = 'f32', transform = (kernel) => kernel }: RunOptions,
): ReadonlyMap<Value, Elements> {
  const memory = new Map(known);
  const read = (value: Value): Elements => {
    const found = memory.get(value);
    if (found !== undefined) return found;
    if (value.kind === 'constant') {
      const elements = elementsFor(value.type.dtype, elementCount(value.type.shape, n), precision);
      if (value.data.length === 1) elements.fill(value.data[0] ?? 0);
      else elements.set(value.data);
      return elements;
    }
    invariant(value.kind === 'node' && hasTrait(value.op, 'view'), 'a value is read before it is there');
    return read(value.operands[0] as Value);
  };
  for (const group of groups) {
    const { kernel, inputs, outputs } = lowerGroup(group, dense);
    const results = outputs.map(({ type }) =>
      elementsFor(type.dtype, elementCount(type.shape, n), precision),
    );
    interpret(transform(kernel), [...inputs.map(read), ...results], { n, precision });
    outputs.forEach((value, i) => memory.set(value, results[i] as Elements));
  }
  return memory;
}

/** Random elements for a parameter, from -1 to 1. */
export function drawn({ type }: Parameter, n: number, seed: number): Elements {
  const random = generator(seed);
  return elementsFor(type.dtype, elementCount(type.shape, n), 'f32').map(() => random() * 2 - 1);
}

/** Bytes that can be compared; NaN equals NaN of the same payload. */
export const bytesOf = (elements: Elements): string =>
  Buffer.from(elements.buffer, elements.byteOffset, elements.byteLength).toString('hex');
