import { invariant } from '../../base/invariant.ts';
import type { RuntimeFile } from '../../generated/runtime.ts';
import { runtime } from '../../generated/runtime.ts';
import { lineWidth } from './data.ts';
import type { Declaration } from './tree.ts';

/** The runtime files that a text uses, and what these use, each behind what it needs; without what nothing of it uses. */
export function runtimeClosure(text: string): readonly Declaration[] {
  // Names of users stand in strings.
  const strings = new Set<string>();
  const bare = text.replaceAll(stringOrComment, (_, string?: string) => {
    if (string !== undefined) strings.add(string);
    return "''";
  });
  const used = new Set(wordsOf(bare));
  const order: RuntimeFile[] = [];
  const add = (file: RuntimeFile): void => {
    if (order.includes(file)) return;
    for (const name of file.imports) {
      const needed = runtime.find((other) => other.name === name);
      invariant(needed, `runtime/${file.name}.ts imports ${name}`);
      add(needed);
    }
    order.push(file);
  };
  for (const file of runtime) if (file.declares.some((name) => used.has(name))) add(file);
  const scripts = order.map(({ js }) => (js.includes('?.(') ? js.replaceAll(optionalCall, '') : js));
  const names = new Set([...used, ...[...strings].flatMap(wordsOf), ...scripts.flatMap(namesIn)]);
  const code = order.map(({ js }) => js).join('\n');
  return order.map(({ name, ts, js, dts }) => ({
    kind: 'text',
    ts: withPossibleErrors(withKnownMembers(withPossibleCalls(ts, names), names), code),
    js: withPossibleCalls(js, names),
    dts:
      name === 'errors' || name.endsWith('-types')
        ? withPossibleErrors(withKnownMembers(dts, names), code)
        : '',
  }));
}

/** Identifiers and words of strings, but not of comments. */
const namesIn = (code: string): readonly string[] =>
  wordsOf(code.replaceAll(stringOrComment, (_, string = '') => string));

const wordsOf = (code: string): readonly string[] => code.match(/[A-Za-z_$][\w$]*/g) ?? [];

const stringOrComment = /('(?:[^'\\\n]|\\.)*')|\/\*[^]*?\*\/|\/\/.*/g;

/** A statement that calls a method of the engine, if it has that. */
const optionalCall = /^ *(?:await )?(?:\w+\.)?engine\.(\w+)\?\.\(\w*\);\n/gm;

/** Without those of methods that no engine of this module has. */
const withPossibleCalls = (code: string, names: ReadonlySet<string>): string =>
  code.includes('?.(')
    ? code.replaceAll(optionalCall, (call, name: string) => (names.has(name) ? call : ''))
    : code;

/** Without the optional members of types that no code of this module knows. */
const withKnownMembers = (types: string, names: ReadonlySet<string>): string =>
  types.replaceAll(
    /^(?: *\/\*\*(?:(?!\*\/)[^])*\*\/\n)? *(?:readonly )?(\w+)\?(?::|\()[^]*?;\n/gm,
    (member, name: string) => (names.has(name) ? member : ''),
  );

/** Takes out of the union of error codes those that the code of this module never gives; set as prettier does. */
const withPossibleErrors = (types: string, code: string): string =>
  types.replace(/(?<=export type ErrorCode =)([^;]*);/, (_, union: string) => {
    const kept = (union.match(/'[^']*'/g) ?? []).filter((name) => code.includes(name));
    const line = kept.join(' | ');
    if (`export type ErrorCode = ${line};`.length <= lineWidth) return ` ${line};`;
    if (`  ${line};`.length <= lineWidth) return `\n  ${line};`;
    return `${kept.map((name) => `\n  | ${name}`).join('')};`;
  });
