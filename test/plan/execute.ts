/**
 * Runs a planned routine in one real arena, kernel by kernel on the interpreter, so that any two values that wrongly share
 * memory show in the numbers. Unwritten memory is poisoned.
 */
import { elementCount } from '../../compiler/base/types.ts';
import type { Graph } from '../../compiler/graph/ir.ts';
import { interpret } from '../../compiler/loop/interpret.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { groupNodes, lowerGroup } from '../../compiler/lower/index.ts';
import type { Group } from '../../compiler/lower/index.ts';
import { planRoutine } from '../../compiler/plan/index.ts';
import type { Layout, PlannedLaunch, RoutinePlan, Storage } from '../../compiler/plan/index.ts';
import { copyKernel, fillKernel } from '../../compiler/program/copies.ts';
import type { TargetInfo } from '../../compiler/program/target.ts';
import { typescript } from '../../compiler/program/target.ts';
import type { Tensor } from '../support/evaluate.ts';
import { concrete } from '../support/evaluate.ts';
import type { Known } from '../passes/support.ts';

export const planOf = (graph: Graph, maxBatch: number, target: TargetInfo = typescript): RoutinePlan<Group> =>
  planRoutine(graph, groupNodes(graph, target), { maxBatch, elementBytes: target.elementBytes });

export interface Run {
  /** Returns by name, the flag too, and each written tensor as `update <name>`. */
  readonly results: Readonly<Record<string, Tensor>>;
  /** Persistent tensors as they are between the two phases. */
  readonly beforeCommit: Readonly<Record<string, readonly number[]>>;
}

function view(dtype: Storage['dtype'], buffer: ArrayBuffer, offset: number, count: number): Elements {
  switch (dtype) {
    case 'f32':
      return new Float32Array(buffer, offset, count);
    case 'i32':
      return new Int32Array(buffer, offset, count);
    case 'u32':
      return new Uint32Array(buffer, offset, count);
    case 'u8':
    case 'bool':
      return new Uint8Array(buffer, offset, count);
    default:
      return dtype satisfies never;
  }
}

/** `numbers` by parameter name, for a batch of `n` <= maxBatch. */
export function execute(
  graph: Graph,
  maxBatch: number,
  numbers: Known,
  n: number,
  target: TargetInfo = typescript,
): Run {
  const plan = planOf(graph, maxBatch, target);
  const arena = new ArrayBuffer(plan.memory.planned);
  new Uint8Array(arena).fill(0xff); // NaN as f32
  const memory = plan.storages.map(({ id, dtype, shape, bytes, persistent, constant }): Elements => {
    const count = elementCount(shape, maxBatch);
    if (constant !== undefined) {
      const literal = view(dtype, new ArrayBuffer(bytes), 0, count);
      literal.set(constant.data);
      return literal;
    }
    const offset = plan.offsets[id];
    if (offset !== undefined) return view(dtype, arena, offset, count);
    const tensor = view(dtype, new ArrayBuffer(bytes), 0, count);
    tensor.set(numbers[persistent ?? ''] ?? []);
    return tensor;
  });
  const at = ({ storage }: Layout): Elements => memory[storage] as Elements;
  for (const { name, layout } of plan.inputs) at(layout).set(numbers[name] ?? []);
  const launch = (step: PlannedLaunch<Group>): void => {
    if (step.kind === 'copy')
      return interpret(copyKernel(step.from, step.to), [at(step.from), at(step.to)], options);
    if (step.kind === 'fill') return interpret(fillKernel(step.value, step.to), [at(step.to)], options);
    const lowered = lowerGroup(step.group, plan.layoutOf);
    for (const pair of plan.inPlace.filter(({ group }) => group === step.group))
      if (!lowered.inPlace.some(({ output, input }) => output === pair.output && input === pair.input))
        throw new Error(`${step.group.root.op.name}: the kernel does not allow this sharing`);
    const operands = [...lowered.inputs, ...lowered.outputs].map((value) => at(plan.layoutOf(value)));
    interpret(lowered.kernel, operands, options);
  };
  const options = { n, precision: 'f32' } as const;
  plan.launches.forEach(launch);
  const finite = plan.finite === undefined ? [] : [{ name: '$finite', layout: plan.finite }];
  const persistent = plan.storages.filter((storage) => storage.persistent !== undefined);
  const beforeCommit = Object.fromEntries(
    persistent.map(({ id, persistent: name }) => [name as string, [...(memory[id] as Elements)]]),
  );
  const flag = finite.map(({ name, layout }): [string, Tensor] => [name, tensorAt(layout, at(layout), n)]);
  plan.commit.forEach(launch);
  const updated = persistent
    .filter(({ persistent: name }) => graph.updates.some(({ target }) => target === name))
    .map(({ id, dtype, shape, persistent: name }): [string, Tensor] => [
      `update ${name}`,
      { dtype, shape: concrete(shape, n), data: [...(memory[id] as Elements)] },
    ]);
  const returned = plan.results.map(({ name, layout }): [string, Tensor] => [
    name,
    tensorAt(layout, at(layout), n),
  ]);
  return { results: Object.fromEntries([...returned, ...flag, ...updated]), beforeCommit };
}

function tensorAt({ dtype, shape, offset }: Layout, elements: Elements, n: number): Tensor {
  const data = [...elements.subarray(offset, offset + elementCount(shape, n))];
  return { dtype, shape: concrete(shape, n), data };
}
