/** One kernel as one shader. */
import { invariant } from '../../base/invariant.ts';
import { formatType } from '../../base/types.ts';
import type { BoundKernel, Dimension } from '../../loop/bound.ts';
import { boundKernel, dimensions } from '../../loop/bound.ts';
import { boundsOfRange } from '../../loop/bounds.ts';
import type { Buffer, For, Kernel } from '../../loop/ir.ts';
import { batchAxis } from '../../loop/ir.ts';
import { expandAllReduce } from '../../loop/transform/expand-all-reduce.ts';
import { foldConstants } from '../../loop/transform/fold-constants.ts';
import { simplify } from '../../loop/transform/simplify.ts';
import { unrollMarked } from '../../loop/transform/unroll.ts';
import { Block } from './block.ts';
import { storedType, typeOf } from './expression.ts';
import { coordinatesOf } from './axes.ts';
import type { Binding } from './bindings.ts';
import type { Helpers } from './functions.ts';
import type { Shader, WorkgroupCount } from './index.ts';
import type { Storage } from './memory.ts';
import { storagesOf } from './memory.ts';
import { NameScope } from './names.ts';
import type { FunctionState } from './scope.ts';
import { functionState, Scope } from './scope.ts';
import { statements } from './statements.ts';
import { laneOf, laneTexts, reductionTexts } from './subgroups.ts';
import { wrapped } from './wrap.ts';

interface ShaderOptions {
  /** The name of its function. */
  readonly entry: string;
  readonly bindings: readonly Binding[];
  /** Runs only if `batch.go` is not 0. */
  readonly gated: boolean;
  /** Names of the module. */
  readonly names: NameScope;
  readonly helpers: Helpers;
}

/** The kernel with constants folded and marked loops written out, and what takes subgroups in terms of barriers. */
export const writtenOut = (kernel: Kernel): Kernel => withSubgroups(expandAllReduce(kernel));

/** The same for a device with subgroups. */
export const withSubgroups = (kernel: Kernel): Kernel => foldConstants(simplify(unrollMarked(kernel)));

/** Prints a kernel that is written out. */
export function shaderOf(kernel: Kernel, options: ShaderOptions): Shader {
  const { entry, bindings, gated, names, helpers } = options;
  const bound = boundKernel(kernel);
  const operands = [...kernel.inputs, ...kernel.outputs];
  const storages = storagesTogether(storagesOf(kernel.body), operands, bindings);
  const state = functionState(helpers, storages);
  const declarations = [
    ...operandTexts(operands, options, state),
    ...bound.shared.flatMap((buffer) => sharedText(buffer, names, state)),
    ...reductionTexts(kernel, names, state),
  ];
  const function_ = entryText(entry, bound, gated, new Scope(state, new Block(new NameScope(names))));
  return {
    name: entry,
    text: [...signatureOf({ ...kernel, name: entry }, state), ...declarations, '', ...function_, ''].join(
      '\n',
    ),
    ...(operands.some(({ stored }) => stored) && { f16: true }),
    access: bindings.map(({ access }) => access),
    workgroups: workgroupsOf(bound),
  };
}

/** `conv2d(x: f32[N, 28, 28, 1], …) -> y: …`, names as in the text. */
function signatureOf({ name, inputs, outputs }: Kernel, { memory }: FunctionState): readonly string[] {
  const describe = (buffers: readonly Buffer[]): string =>
    buffers
      .map((buffer) => {
        const stored = buffer.stored ? ` stored ${buffer.stored}` : '';
        return `${memory.get(buffer)?.name ?? ''}: ${formatType(buffer)}${stored}`;
      })
      .join(', ');
  const [first = '', ...more] = wrapped(`${name}(${describe(inputs)}) -> ${describe(outputs)}`, 0);
  return [`// ${first}`, ...more.map((line) => `//   ${line.trim()}`)];
}

const inElements: Storage = { wide: false, variables: false, writes: new Map() };

/** Operands of one binding are kept alike. */
function storagesTogether(
  storages: ReadonlyMap<Buffer, Storage>,
  operands: readonly Buffer[],
  bindings: readonly Binding[],
): ReadonlyMap<Buffer, Storage> {
  const together = new Map(storages);
  operands.forEach((buffer, i) => {
    const sharing = operands.filter((_, other) => bindings[other]?.operand === bindings[i]?.operand);
    if (sharing.some((other) => storages.get(other)?.wide === false)) together.set(buffer, inElements);
  });
  return together;
}

function operandTexts(
  operands: readonly Buffer[],
  { bindings, names, entry }: ShaderOptions,
  state: FunctionState,
): readonly string[] {
  // Binding 0 is the `Batch`.
  let number = 1;
  return operands.flatMap((buffer, i) => {
    const binding = bindings[i];
    invariant(binding, `${entry}: ${buffer.name} is not bound`);
    const storage = state.storages.get(buffer) ?? inElements;
    const first = operands[binding.operand]!;
    const alike = first.dtype === buffer.dtype && first.stored === buffer.stored;
    invariant(alike, `${entry}: ${first.name} and ${buffer.name} share memory`);
    if (binding.operand !== i) {
      state.memory.set(buffer, {
        ...storage,
        name: state.memory.get(first)?.name ?? '',
        variable: new Map(),
      });
      return [];
    }
    const name = names.unique(buffer.name);
    state.memory.set(buffer, { ...storage, name, variable: new Map() });
    const type = storedType(buffer, storage.wide);
    return [`@group(0) @binding(${number++}) var<storage, ${binding.access}> ${name}: array<${type}>;`];
  });
}

function sharedText(buffer: Buffer, names: NameScope, state: FunctionState): readonly string[] {
  const storage = state.storages.get(buffer);
  if (storage === undefined) return [];
  const name = names.unique(buffer.name);
  state.memory.set(buffer, { ...storage, name, variable: new Map() });
  const size = buffer.shape.reduce<number>((product, extent) => product * Number(extent), 1);
  const type = typeOf(buffer.dtype, storage.wide);
  return [`var<workgroup> ${name}: array<${type}, ${storage.wide ? size / 4 : size}>;`];
}

function entryText(entry: string, bound: BoundKernel, gated: boolean, scope: Scope): readonly string[] {
  const { coordinates, body } = coordinatesOf(bound);
  const { state } = scope;
  const { used } = state;
  const lane = state.parts.size > 0 ? laneOf(scope) : undefined;
  state.lane = lane;
  const names = coordinates.map(({ axis, interval }) => scope.open(axis, interval));
  statements(body, scope);
  // One that others are joined from stands before them.
  const lets = coordinates.toReversed().flatMap(({ axis, value }, i) => {
    if (!used.has(axis)) return [];
    const { text } = value((other) => scope.axis(other));
    return [`let ${names.at(-1 - i)} = ${text};`];
  });
  const parameters = (['workgroup', 'thread', 'global'] as const)
    .filter((builtin) => lets.some((text) => text.includes(`(${builtin}.`)))
    .map((builtin) => `@builtin(${builtins[builtin]}) ${builtin}: vec3u`);
  if (lane) parameters.push(`@builtin(local_invocation_index) ${lane.thread}: u32`);
  const head = [
    ...(gated ? ['if (batch.go == 0u) { return; }'] : []),
    ...(used.has(batchAxis) ? ['let N = i32(batch.samples);'] : []),
    ...lets.toReversed(),
    ...(lane ? laneTexts(lane) : []),
  ];
  const lines = [...head.map((line) => `  ${line}`), ...state.sums.lines(scope.block)];
  return [
    `@compute @workgroup_size(${sizeOf(bound).join(', ')})`,
    ...functionHead(entry, parameters),
    ...lines,
    '}',
  ];
}

function functionHead(entry: string, parameters: readonly string[]): readonly string[] {
  if (parameters.length < 2) return [`fn ${entry}(${parameters.join('')}) {`];
  return [`fn ${entry}(`, ...parameters.map((parameter) => `  ${parameter},`), ') {'];
}

const builtins = {
  workgroup: 'workgroup_id',
  thread: 'local_invocation_id',
  global: 'global_invocation_id',
} as const;

/** The threads of a workgroup, without ones at the end. */
function sizeOf({ threads }: BoundKernel): readonly number[] {
  const sizes = dimensions.map((dimension) => (threads[dimension] ? constantCount(threads[dimension]) : 1));
  while (sizes.length > 1 && sizes.at(-1) === 1) sizes.pop();
  return sizes;
}

function constantCount({ axis, range }: For): number {
  const { low, high } = boundsOfRange(range, () => ({ low: 0, high: 0 }));
  invariant(
    low === 0 && range.to.every((q) => q !== 'N' && q.numerator.terms.length === 0),
    `${axis.name}: threads vary`,
  );
  return high + 1;
}

function workgroupsOf({ workgroups }: BoundKernel): Shader['workgroups'] {
  const count = (dimension: Dimension): WorkgroupCount => {
    const loop = workgroups[dimension];
    return loop === undefined ? { constant: 1, perSample: 0, divisor: 1 } : countOf(loop);
  };
  return [count('x'), count('y'), count('z')];
}

/** floor((c + k N) / d) = ceil((c - (d - 1) + k N) / d) */
function countOf({ axis, range }: For): WorkgroupCount {
  const [to, more] = range.to;
  invariant(to !== undefined && more === undefined, `workgroups over ${axis.name} end in several ways`);
  if (to === 'N') return { constant: 0, perSample: 1, divisor: 1 };
  const { numerator, divisor } = to;
  const [term, other] = numerator.terms;
  invariant(
    (term === undefined || term.axis === batchAxis) && other === undefined,
    `workgroups over ${axis.name} vary`,
  );
  if (term === undefined)
    return { constant: Math.floor(numerator.constant / divisor), perSample: 0, divisor: 1 };
  return { constant: numerator.constant - (divisor - 1), perSample: term.factor, divisor };
}
