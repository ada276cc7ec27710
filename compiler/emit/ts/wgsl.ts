/** Kernels that are WGSL: each shader as a text to be read, and the routines as tables of launches. */
import { formatType } from '../../base/types.ts';
import type { TakenNames } from '../../loop/names.ts';
import type { Allocation, Launch, Program, Routine } from '../../program/program.ts';
import { arrayOf } from './arrays.ts';
import type { Data } from './data.ts';
import { code, commentText, object } from './data.ts';
import type { Text } from './expression.ts';
import { binary, call, number, primary } from './expression.ts';
import { NameScope } from './names.ts';
import { about, allocationOf, launchComment, portLength, returning, trace } from './routine.ts';
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
  /** What is launched before a commit phase. */
  readonly gate?: EmbeddedShader;
}

interface EmbeddedShader {
  readonly name: string;
  readonly text: string;
  /** For a device with f16 only. */
  readonly f16?: boolean;
  /** For a device with subgroups, if that helps. */
  readonly subgroups?: string;
  /** Of each operand; those that are not shared are bindings 1, 2, … */
  readonly access: readonly ('read' | 'read_write' | 'shared')[];
  readonly workgroups: readonly [x: Count, y: Count, z: Count];
}

/**
 * All shaders of the module `file`, to be read or checked by themselves: those for any device, and by the features that they
 * need the others, if there are any.
 */
export function wgslTexts(
  { common, shaders: kernels, gate }: EmbeddedShaders,
  file: string,
): readonly { readonly needs: readonly string[]; readonly text: string }[] {
  const shaders = [...kernels, ...(gate ? [gate] : [])];
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

/** Shaders in the module: their names by index, that of the gate, and their declarations. */
export interface ShaderConsts {
  readonly names: ReadonlyMap<number, string>;
  readonly gate: string;
  readonly declarations: readonly Declaration[];
}

/** Those that these routines use. */
export function shaderConsts(
  { common, shaders, launches, gate }: EmbeddedShaders,
  routines: readonly Routine[],
  names: NameScope,
): ShaderConsts {
  const used = [...new Set(routines.flatMap((routine) => launches.get(routine) ?? []))].sort((a, b) => a - b);
  const named = new Map(used.map((i) => [i, names.unique(shaders[i]?.name ?? '')]));
  const start: ConstNode = {
    kind: 'const',
    doc: ['What every shader begins with.'],
    name: 'common',
    type: 'string',
    value: template(common),
  };
  const consts = [...named].flatMap(([i, name]) => {
    const shader = shaders[i];
    return shader === undefined ? [] : [shaderConst(shader, name)];
  });
  const gated = gate !== undefined && routines.some(({ finite }) => finite !== undefined);
  const gateName = gated ? names.unique(gate.name) : '';
  const last = gated ? [shaderConst(gate, gateName, 'storage')] : [];
  return { names: named, gate: gateName, declarations: [start, ...consts, ...last] };
}

/** `batch`: what binding 0 is. */
function shaderConst(shader: EmbeddedShader, constant: string, batch = 'uniform'): ConstNode {
  const { name, text, f16, subgroups, access, workgroups } = shader;
  const counts = workgroups.map(countText);
  const usesBatch = workgroups.some(({ perSample }) => perSample !== 0);
  const enables = f16 ? [enable('f16')] : [];
  return {
    kind: 'const',
    doc: [],
    name: constant,
    type: 'Shader',
    value: object({
      name,
      bindings: [batch, ...access.flatMap((kind) => bindingTypes[kind])],
      workgroups: { kind: 'arrow', params: usesBatch ? '(N)' : '()', body: counts.map(code) },
      code: template(text, enables),
      subgroups: subgroups === undefined ? undefined : template(subgroups, [...enables, enable('subgroups')]),
    }),
  };
}

/** Of `GPUBufferBindingType`. */
const bindingTypes = { read: ['read-only-storage'], read_write: ['storage'], shared: [] } as const;

/** A template literal, with `common` behind the features that it needs where there are any given; the tag is for editors. */
function template(text: string, enables?: readonly string[]): Data {
  const escaped = text.trim().replaceAll(/[\\`]|\$\{/g, '\\$&');
  const head = enables ? [...enables, '${common}'].map((line) => `${line}\n`).join('') : '';
  return code(`/* wgsl */ \`\n${head}${escaped.replaceAll(/<(?=\/script|!--)/gi, '\\x3C')}\n\``);
}

/** What `template` prints. */
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
  embedded: EmbeddedShaders,
  consts: ShaderConsts,
  outer: TakenNames,
): FunctionNode {
  const scope = new NameScope(outer);
  for (const taken of ['read', 'N', ...consts.names.values(), consts.gate]) scope.reserve(taken);
  const places = new Map<number, string>();
  const placeOf = (index: number): string => {
    const known = places.get(index) ?? scope.unique(allocationOf(routine, index).name);
    places.set(index, known);
    return known;
  };
  const port = ({ name: key, allocation }: Routine['inputs'][number]): Data => {
    const type = arrayOf[allocationOf(routine, allocation).dtype];
    return [key, code(`new ${type}(${portLength(routine, allocation)})`), code(placeOf(allocation))];
  };
  const result = object({
    inputs: routine.inputs.map(port),
    results: routine.results.map(port),
    ...launchesOf(program, routine, embedded, consts, placeOf),
  });
  return {
    kind: 'function',
    doc: [about[routine.name]],
    name,
    params: [],
    returns: 'GpuRoutine',
    body: [
      ...[...places].map(([index, place]) => placeLine(place, allocationOf(routine, index))),
      ...returning(result),
    ],
  };
}

/** `launches` and `commit` of a routine, with the gate behind the former where there is the latter. */
function launchesOf(
  program: Program,
  routine: Routine,
  { shaders, launches }: EmbeddedShaders,
  consts: ShaderConsts,
  placeOf: (operand: number) => string,
): Readonly<Record<'launches' | 'commit', Data | undefined>> {
  const order = launches.get(routine) ?? [];
  const first = (operand: number, elements: string): string => `read(${placeOf(operand)}, ${elements})`;
  const window = (operand: number, rest: string): string => {
    const { bytes } = allocationOf(routine, operand).placement;
    return `${first(operand, String(bytes / 4))}.then((all) => windowOf(all, ${rest}))`;
  };
  const entry = (launch: Launch, i: number, traced: boolean): Data => {
    const shader = order[i] ?? 0;
    const bound = launch.operands.filter((_, operand) => {
      return (shaders[shader]?.access[operand] ?? 'shared') !== 'shared';
    });
    return {
      kind: 'commented',
      comment: launchComment(launch),
      value: object({
        shader: code(consts.names.get(shader) ?? ''),
        operands: bound.map((operand) => code(placeOf(operand))),
        ...(traced && trace(program, launch, first, window, (N) => (N ? '(read, N)' : '(read)'))),
      }),
    };
  };
  const { finite } = routine;
  const compute = routine.launches.map((launch, i) => entry(launch, i, finite !== undefined));
  if (finite === undefined) return { launches: compute, commit: undefined };
  const gate: Data = {
    kind: 'commented',
    comment: 'Closes the commit phase where the flag is 0.',
    value: object({ shader: code(consts.gate), operands: [code(placeOf(finite))] }),
  };
  return {
    launches: [...compute, gate],
    commit: routine.commit.map((launch, i) => entry(launch, compute.length + i, false)),
  };
}

/** What a device must have for these routines, and what helps where it has it. `bytes`: of what persists. */
export function deviceNeeds(
  { slabBytes = Infinity }: Program,
  { shaders, launches }: EmbeddedShaders,
  bytes: number,
  routines: readonly Routine[],
  halved: readonly Routine[],
): { readonly limits: Data; readonly features: Data } {
  const largest = (routine: Routine): number =>
    Math.max(
      ...[...routine.launches, ...routine.commit].flatMap(({ operands }) =>
        operands.map((operand) => allocationOf(routine, operand).placement.bytes),
      ),
    );
  const used = (among: readonly Routine[]) =>
    among.flatMap((routine) => (launches.get(routine) ?? []).flatMap((i) => shaders[i] ?? []));
  const bound = used(routines).map(({ access }) => access.filter((kind) => kind !== 'shared').length);
  const all = used([...routines, ...halved]);
  return {
    limits: object({
      maxBufferSize: Math.min(slabBytes, Math.max(bytes, ...routines.map(({ memory }) => memory.planned))),
      maxStorageBufferBindingSize: Math.max(...routines.map(largest)),
      maxStorageBuffersPerShaderStage: Math.max(...bound),
    }),
    features: object({
      subgroups: all.some(({ subgroups }) => subgroups !== undefined) ? 'shaders' : undefined,
      'shader-f16': all.some(({ f16 }) => f16) ? 'precision' : undefined,
    }),
  };
}

function placeLine(name: string, { dtype, shape, stored, placement: { arena, offset, bytes } }: Allocation) {
  const value = `['${arena === 'persistent' ? 'weights' : 'work'}', ${offset}, ${bytes}];`;
  const end = `${value} // ${formatType({ dtype, shape })}${stored ? ` stored ${stored}` : ''}`;
  return { ts: `const ${name}: Place = ${end}`, js: `const ${name} = ${end}` };
}
