import { invariant } from '../../base/invariant.ts';
import type { RuntimeFile, RuntimePart } from '../../generated/runtime.ts';
import { runtime } from '../../generated/runtime.ts';
import { lineWidth } from './data.ts';
import type { Declaration } from './tree.ts';

/** The runtime files that a text uses, and what these use, each behind what it needs; without what nothing of it uses. */
export function runtimeClosure(text: string): readonly Declaration[] {
  // Names of users stand in strings.
  const inStrings: string[] = [];
  const bare = text.replaceAll(stringOrComment, (_, string?: string) => {
    if (string !== undefined) inStrings.push(string);
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
  const words = new Set([...used, ...inStrings.flatMap(wordsOf), ...order.flatMap((file) => file.words)]);
  const strings = new Set(order.flatMap((file) => file.strings));
  const print = (parts: readonly RuntimePart[]): string =>
    parts.map((part) => printPart(part, words, strings)).join('');
  return order.map(({ ts, js, dts }) => ({ kind: 'text', ts: print(ts), js: print(js), dts: print(dts) }));
}

const wordsOf = (code: string): readonly string[] => code.match(/[A-Za-z_$][\w$]*/g) ?? [];

const stringOrComment = /('(?:[^'\\\n]|\\.)*')|\/\*[^]*?\*\/|\/\/.*/g;

function printPart(part: RuntimePart, words: ReadonlySet<string>, strings: ReadonlySet<string>): string {
  if (typeof part === 'string') return part;
  if ('name' in part) return words.has(part.name) ? part.text : '';
  return unionText(part.codes.filter((code) => strings.has(code)).map((code) => `'${code}'`));
}

/** What stands behind `export type ErrorCode`, as prettier sets it. */
function unionText(members: readonly string[]): string {
  const line = `${members.join(' | ')};`;
  if (`export type ErrorCode = ${line}`.length <= lineWidth) return ` = ${line}`;
  if (`  ${line}`.length <= lineWidth) return ` =\n  ${line}`;
  return ` =${members.map((member) => `\n  | ${member}`).join('')};`;
}
