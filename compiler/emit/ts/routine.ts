/** A routine of the program as a function that makes the views of its operands and lists its launches. */
import { invariant } from '../../base/invariant.ts';
import { bytesPerElement, elementCount } from '../../base/types.ts';
import { scratchOf } from '../../loop/accesses.ts';
import { denseStrides } from '../../loop/builder.ts';
import type { Buffer } from '../../loop/ir.ts';
import type { TakenNames } from '../../loop/names.ts';
import type { Allocation, Launch, Program, Routine } from '../../program/program.ts';
import { arrayOf } from './arrays.ts';
import type { Data } from './data.ts';
import { code, commentText, object, printData } from './data.ts';
import type { KernelCall } from './kernels.ts';
import { NameScope } from './names.ts';
import type { FunctionNode } from './tree.ts';

export const about: Readonly<Record<Routine['name'], string>> = {
  prepare: 'What depends on the weights alone; runs again when they changed.',
  infer: 'Inputs to outputs.',
  evaluate: 'Inputs and labels to the loss and metrics of each sample.',
  observe: 'One sample to outputs, what each layer makes of it, and gradients by the inputs.',
  step: 'One step of training. `commit` changes the weights, and runs only if loss and gradients are finite.',
};

/** `kernels`: how to call each kernel, by its index in the program. */
export function routineFunction(
  program: Program,
  routine: Routine,
  name: string,
  kernels: ReadonlyMap<number, KernelCall>,
  names: TakenNames,
): FunctionNode {
  const scope = new NameScope(names);
  for (const taken of ['weights', 'work']) scope.unique(taken);
  const views = new Map<number, string>();
  const viewOf = (index: number): string => {
    const known = views.get(index);
    if (known !== undefined) return known;
    const view = scope.unique(allocationOf(routine, index).name);
    views.set(index, view);
    return view;
  };
  const port = ({ name: port, allocation }: { name: string; allocation: number }): Data => [
    port,
    code(viewOf(allocation)),
  ];
  const inputs = routine.inputs.map(port);
  const launches = (list: readonly Launch[], traced: boolean): Data =>
    list.map((launch) => launchData(program, routine, launch, kernels, viewOf, traced));
  const result = object({
    inputs,
    results: routine.results.map(port),
    launches: launches(routine.launches, routine.finite !== undefined),
    commit: routine.commit.length > 0 ? launches(routine.commit, false) : undefined,
    finite: routine.finite === undefined ? undefined : code(viewOf(routine.finite)),
  });
  const declarations = [...views].map(([index, view]) => `const ${view} = ${viewText(routine, index)};`);
  return {
    kind: 'function',
    doc: [about[routine.name]],
    name,
    params: [
      { name: 'weights', type: 'ArrayBuffer' },
      { name: 'work', type: 'ArrayBuffer' },
    ],
    returns: 'Routine',
    body: [...declarations, ...returning(result)],
  };
}

/** The statement that gives `data`, as the last of a function: its lines are indented when that is printed. */
export const returning = (data: Data): readonly string[] =>
  `return ${printData(data, 2, 9)};`.split('\n').map((line) => line.replace(/^ {2}/, ''));

export function allocationOf(routine: Routine, index: number): Allocation {
  const allocation = routine.allocations[index];
  invariant(allocation, `${routine.name} has no allocation ${index}`);
  return allocation;
}

/** The elements of an input or result: exactly maxBatch samples. */
export const portLength = (routine: Routine, index: number): number =>
  elementCount(allocationOf(routine, index).shape, routine.maxBatch);

/** Views that are no ports may be larger than their shape (windows of concats). */
function viewText(routine: Routine, index: number): string {
  const { dtype, placement } = allocationOf(routine, index);
  const isPort = [...routine.inputs, ...routine.results].some(({ allocation }) => allocation === index);
  const exact = portLength(routine, index);
  const length = isPort ? exact : Math.max(exact, Math.floor(placement.bytes / bytesPerElement[dtype]));
  const memory = placement.arena === 'persistent' ? 'weights' : 'work';
  return `new ${arrayOf[dtype]}(${memory}, ${placement.offset}, ${length})`;
}

function launchData(
  program: Program,
  routine: Routine,
  launch: Launch,
  kernels: ReadonlyMap<number, KernelCall>,
  viewOf: (index: number) => string,
  traced: boolean,
): Data {
  const kernel = program.kernels[launch.kernel];
  const callee = kernels.get(launch.kernel);
  invariant(kernel && callee, `${routine.name} launches kernel ${launch.kernel}, which is not there`);
  const operands = kernel.inputs.length + kernel.outputs.length + scratchOf(kernel.body).length;
  invariant(
    launch.operands.length === operands,
    `${callee.name} takes ${operands} operands, not ${launch.operands.length}`,
  );
  const { name, size, parts } = callee;
  const part = (operand: number, elements: string): string => `${viewOf(operand)}.subarray(0, ${elements})`;
  const window = (operand: number, rest: string): string => `windowOf(${viewOf(operand)}, ${rest})`;
  const extra = [
    ...(size === undefined ? [] : [String(size)]),
    'N',
    ...(parts === undefined ? [] : ['start', 'end']),
  ];
  const call: Data = { kind: 'call', name, args: [...launch.operands.map(viewOf), ...extra] };
  return {
    kind: 'commented',
    comment: launchComment(launch),
    value: object({
      run: { kind: 'arrow', params: parts === undefined ? '(N)' : '(N, start, end)', body: call },
      parts: parts?.outer,
      each: parts?.inner,
      ...(traced && trace(program, launch, part, window)),
    }),
  };
}

const lineOf = ({ locations: [location] }: Launch): string | undefined =>
  location && `${location.file}:${location.line}`;

/** The `.cnn` line and what is computed. */
export const launchComment = (launch: Launch): string =>
  commentText([lineOf(launch), launch.comment].filter((part) => part !== undefined).join('  '));

/** The layer, for messages. */
function layerOf(launch: Launch): string {
  const line = lineOf(launch);
  const layer = launch.locations[0]?.scope ?? launch.comment;
  return line === undefined ? layer : `\`${layer}\` (${line})`;
}

/**
 * For the search for numbers that are not finite, what a launch has written: the `first` elements of an operand, or a `window`
 * into it, which `rest` describes as `windowOf` takes it.
 */
export function trace(
  program: Program,
  launch: Launch,
  first: (operand: number, elements: string) => string,
  window: (operand: number, rest: string) => string,
  params = (usesBatch: boolean): string => (usesBatch ? '(N)' : '()'),
): { readonly of: string; readonly writes: Data } | undefined {
  const { inputs, outputs } = program.kernels[launch.kernel]!;
  let usesBatch = false;
  const written = outputs.flatMap((buffer, i): string[] => {
    if (buffer.dtype !== 'f32') return [];
    const operand = launch.operands[inputs.length + i]!;
    const ofBatch = buffer.shape[0] === 'N';
    usesBatch ||= ofBatch;
    if (!isDense(buffer)) {
      const shape = buffer.shape.map((extent) => String(extent)).join(', ');
      return [window(operand, `${buffer.offset}, [${shape}], [${buffer.strides.join(', ')}]`)];
    }
    const size = elementCount(buffer.shape, 1);
    return [first(operand, ofBatch ? (size === 1 ? 'N' : `N * ${size}`) : String(size))];
  });
  if (written.length === 0) return undefined;
  const writes: Data = { kind: 'arrow', params: params(usesBatch), body: written.map(code) };
  return { of: layerOf(launch), writes };
}

function isDense({ shape, strides, offset }: Buffer): boolean {
  const dense = denseStrides(shape);
  return offset === 0 && strides.every((stride, axis) => stride === dense[axis]);
}
