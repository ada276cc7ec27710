/** Kernels that are WGSL: each shader as a text to be read, and the routines as tables of launches. */
import { formatType } from '../../base/types.ts';
import type { Allocation, Launch, Program, Routine } from '../../program/program.ts';
import type { Data } from './data.ts';
import { code, commentText, object, printData } from './data.ts';
import type { Text } from './expression.ts';
import { binary, call, number, primary } from './expression.ts';
import type { OuterNames } from './names.ts';
import { NameScope } from './names.ts';
import { about, allocationOf, launchComment, portLength, trace } from './routine.ts';
import type { ConstNode, Declaration, FunctionNode } from './tree.ts';

/** ceil((constant + perSample * N) / divisor) */
interface Count {
  readonly constant: number;
  readonly perSample: number;
  readonly divisor: number;
}

/** The shaders of a program, as `emit/wgsl` makes them. */
export interface EmbeddedShaders {
  readonly common: string;
  readonly shaders: readonly EmbeddedShader[];
  /** Of each routine: the index into `shaders` of every launch, those of the commit phase last. */
  readonly launches: ReadonlyMap<Routine, readonly number[]>;
}

interface EmbeddedShader {
  readonly name: string;
  readonly text: string;
  /** For a device with f16 only. */
  readonly f16?: boolean;
  /** For a device with subgroups, if that helps. */
  readonly subgroups?: string;
  /** Of operand i, which is binding i + 1. */
  readonly access: readonly ('read' | 'read_write' | 'shared')[];
  readonly workgroups: readonly [x: Count, y: Count, z: Count];
}

/**
 * All shaders of the module `file`, to be read or checked by themselves: those for any device, and by the features that they
 * need the others, if there are any.
 */
export function wgslTexts(
  { common, shaders }: EmbeddedShaders,
  file: string,
): readonly { readonly needs: readonly string[]; readonly text: string }[] {
  const about = `haders of ${commentText(file)}`;
  return [false, true].flatMap((f16) => {
    const own = shaders.filter((shader) => (shader.f16 === true) === f16);
    return [false, true].flatMap((subgroups) => {
      const needs = [...(f16 ? ['f16'] : []), ...(subgroups ? ['subgroups'] : [])];
      const texts = own.flatMap((shader) => (subgroups ? shader.subgroups : shader.text) ?? []);
      if (needs.length === 0) return [{ needs, text: joined([`// The s${about}.`, common, ...texts]) }];
      if (texts.length === 0) return [];
      const title = `// S${about}, for devices with ${needs.join(' and ')}.`;
      return [{ needs, text: joined([title, ...needs.map(enable), common, ...texts]) }];
    });
  });
}

const enable = (feature: string): string => `enable ${feature};`;

const joined = (texts: readonly string[]): string => texts.map((text) => `${text.trim()}\n`).join('\n');

/** The names of the shaders used, in the module, by index; and their declarations. */
export function shaderConsts(
  { common, shaders, launches }: EmbeddedShaders,
  routines: readonly Routine[],
  names: NameScope,
): { readonly names: ReadonlyMap<number, string>; readonly declarations: readonly Declaration[] } {
  const used = new Set(routines.flatMap((routine) => launches.get(routine) ?? []));
  const named = new Map(
    [...used].sort((a, b) => a - b).map((i) => [i, names.unique(shaders[i]?.name ?? '')]),
  );
  const start: ConstNode = {
    kind: 'const',
    doc: ['What every shader begins with.'],
    name: 'common',
    type: 'string',
    value: wgsl(common),
  };
  const consts = [...named].flatMap(([i, name]): ConstNode[] => {
    const shader = shaders[i];
    return shader === undefined ? [] : [shaderConst(shader, name)];
  });
  return { names: named, declarations: [start, ...consts] };
}

function shaderConst(shader: EmbeddedShader, constant: string): ConstNode {
  const { name, text, f16, subgroups, access, workgroups } = shader;
  const counts = workgroups.map(countText);
  const usesBatch = workgroups.some(({ perSample }) => perSample !== 0);
  return {
    kind: 'const',
    doc: [],
    name: constant,
    type: 'Shader',
    value: object({
      name,
      access,
      workgroups: { kind: 'arrow', params: usesBatch ? '(N)' : '()', body: counts.map(code) },
      f16,
      code: wgsl(text),
      subgroups: subgroups === undefined ? undefined : wgsl(subgroups),
    }),
  };
}

/** A template literal; the tag is for editors. */
function wgsl(text: string): Data {
  const escaped = text.trim().replaceAll(/[\\`]|\$\{/g, '\\$&');
  return code(`/* wgsl */ \`\n${escaped.replaceAll(/<(?=\/script|!--)/gi, '\\x3C')}\n\``);
}

/** What `wgsl` prints. */
export const wgslLiteral = /\/\* wgsl \*\/ `[^]*?\n`/g;

function countText({ constant, perSample, divisor }: Count): string {
  if (perSample === 0) return String(Math.ceil(constant / divisor));
  const N = primary('N');
  const product = perSample === 1 ? N : binary('*', number(perSample), N);
  const sum =
    constant === 0 ? product : binary(constant < 0 ? '-' : '+', product, number(Math.abs(constant)));
  const count: Text = divisor === 1 ? sum : call('Math.ceil', binary('/', sum, number(divisor)));
  return count.text;
}

/** A routine as a function that lists its launches and where their operands lie. */
export function gpuRoutineFunction(
  program: Program,
  routine: Routine,
  name: string,
  { shaders, launches }: EmbeddedShaders,
  shaderNames: ReadonlyMap<number, string>,
  outer: OuterNames,
): FunctionNode {
  const scope = new NameScope(outer);
  for (const taken of ['read', 'N', ...shaderNames.values()]) scope.reserve(taken);
  const places = new Map<number, string>();
  const placeOf = (index: number): string => {
    const known = places.get(index) ?? scope.unique(allocationOf(routine, index).name);
    places.set(index, known);
    return known;
  };
  const port = ({ name: key, allocation }: Routine['inputs'][number]): Data => [
    key,
    allocationOf(routine, allocation).dtype,
    portLength(routine, allocation),
    code(placeOf(allocation)),
  ];
  const order = launches.get(routine) ?? [];
  const read = (operand: number): string => `await read(${placeOf(operand)})`;
  const part = (operand: number, elements: string): string => `(${read(operand)}).subarray(0, ${elements})`;
  const entry = (launch: Launch, i: number, traced: boolean): Data => {
    const shader = order[i] ?? 0;
    const operands = launch.operands.slice(0, shaders[shader]?.access.length ?? 0);
    return {
      kind: 'commented',
      comment: launchComment(launch),
      value: object({
        shader: code(shaderNames.get(shader) ?? ''),
        operands: operands.map((operand) => code(placeOf(operand))),
        ...(traced && trace(program, launch, read, part, (N) => `async (read${N ? ', N' : ''})`)),
      }),
    };
  };
  const { commit } = routine;
  const result = object({
    inputs: routine.inputs.map(port),
    results: routine.results.map(port),
    launches: routine.launches.map((launch, i) => entry(launch, i, routine.finite !== undefined)),
    commit:
      commit.length > 0
        ? commit.map((launch, i) => entry(launch, routine.launches.length + i, false))
        : undefined,
    finite: routine.finite === undefined ? undefined : code(placeOf(routine.finite)),
  });
  return {
    kind: 'function',
    doc: [about[routine.name]],
    name,
    params: [],
    returns: 'GpuRoutine',
    body: [
      ...[...places].map(([index, place]) => placeLine(place, allocationOf(routine, index))),
      ...`return ${printData(result, 2, 9)};`.split('\n').map((line) => line.replace(/^ {2}/, '')),
    ],
  };
}

function placeLine(name: string, { dtype, shape, stored, placement: { arena, offset, bytes } }: Allocation) {
  const value = `['${arena === 'persistent' ? 'weights' : 'work'}', ${offset}, ${bytes}];`;
  const end = `${value} // ${formatType({ dtype, shape })}${stored ? ` stored ${stored}` : ''}`;
  return { ts: `const ${name}: Place = ${end}`, js: `const ${name} = ${end}` };
}
