/** The text format, for people and golden tests: one instruction a line, blocks indented. */
import type { Instruction, WasmFunction, WasmModuleData } from './instructions.ts';
import { maxPages } from './encode.ts';
import { operations } from './operations.ts';

/** The whole module. */
export function printWat({ functions, globals, pages }: WasmModuleData): string {
  return [
    '(module',
    `  (import "env" "memory" (memory ${pages} ${maxPages}))`,
    ...globals.map(
      ({ type, mutable, value }) =>
        `  (global ${mutable ? `(mut ${type})` : type} (${lines(value, '', nothing).join(' ')}))`,
    ),
    ...functions.flatMap((fn) => functionLines(fn, functions).map((line) => `  ${line}`)),
    ')',
    '',
  ].join('\n');
}

/** One function; `functions` are those of its module. */
export function functionLines(fn: WasmFunction, functions: readonly WasmFunction[]): readonly string[] {
  const names = [
    ...fn.parameters.map(({ name }) => `$${name}`),
    ...fn.locals.map((_, i) => String(fn.parameters.length + i)),
  ];
  const head = [
    `(func $${fn.name}`,
    ...(fn.exported ? [`(export "${fn.name}")`] : []),
    ...fn.parameters.map(({ name, type }) => `(param $${name} ${type})`),
    ...fn.results.map((type) => `(result ${type})`),
  ].join(' ');
  const locals = fn.locals.length === 0 ? [] : [`  (local ${fn.locals.join(' ')})`];
  const print = (body: readonly Instruction[], indent: string): readonly string[] =>
    body.flatMap((instruction) => lines(instruction, indent, { names, functions, print }));
  return [
    ...(fn.comment === undefined ? [] : [`;; ${fn.comment}`]),
    head,
    ...locals,
    ...print(fn.body, '  '),
    ')',
  ];
}

interface Printing {
  readonly names: readonly string[];
  readonly functions: readonly WasmFunction[];
  readonly print: (body: readonly Instruction[], indent: string) => readonly string[];
}

const nothing: Printing = { names: [], functions: [], print: () => [] };

function lines(instruction: Instruction, indent: string, at: Printing): readonly string[] {
  const deeper = `${indent}  `;
  switch (instruction.op) {
    case 'block':
    case 'loop':
      return [`${indent}${instruction.op}`, ...at.print(instruction.body, deeper), `${indent}end`];
    case 'if': {
      const result = instruction.result === undefined ? '' : ` (result ${instruction.result})`;
      const otherwise =
        instruction.otherwise.length === 0
          ? []
          : [`${indent}else`, ...at.print(instruction.otherwise, deeper)];
      return [`${indent}if${result}`, ...at.print(instruction.then, deeper), ...otherwise, `${indent}end`];
    }
    default:
      return [`${indent}${plain(instruction, at)}`];
  }
}

function plain(
  instruction: Exclude<Instruction, { op: 'block' | 'loop' | 'if' }>,
  { names, functions }: Printing,
): string {
  const { op } = instruction;
  switch (op) {
    case 'i32.const':
    case 'i64.const':
      return `${op} ${instruction.value | 0}`;
    case 'f32.const':
      return `${op} ${floatText(instruction.value)}`;
    case 'v128.const':
      return `${op} i32x4 ${instruction.lanes.map((lane) => `0x${(lane >>> 0).toString(16)}`).join(' ')}`;
    case 'local.get':
    case 'local.set':
    case 'local.tee':
      return `${op} ${names[instruction.local] ?? instruction.local}`;
    case 'global.get':
    case 'global.set':
      return `${op} ${instruction.global}`;
    case 'br':
    case 'br_if':
      return `${op} ${instruction.depth}`;
    case 'call':
      return `${op} $${functions[instruction.function]?.name ?? instruction.function}`;
    default: {
      const parts: string[] = [op];
      if ('offset' in instruction) {
        if (instruction.offset > 0) parts.push(`offset=${instruction.offset}`);
        const natural = operations.get(op)?.align ?? 0;
        if (instruction.align !== undefined && instruction.align !== natural)
          parts.push(`align=${2 ** instruction.align}`);
      }
      if ('lane' in instruction) parts.push(String(instruction.lane));
      if ('lanes' in instruction) parts.push(instruction.lanes.join(' '));
      return parts.join(' ');
    }
  }
}

function floatText(value: number): string {
  const x = Math.fround(value);
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x < 0 ? '-inf' : 'inf';
  return Object.is(x, -0) ? '-0' : String(x);
}
