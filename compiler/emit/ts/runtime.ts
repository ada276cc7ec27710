import { invariant } from '../../base/invariant.ts';
import type { RuntimeFile } from '../../generated/runtime.ts';
import { runtime } from '../../generated/runtime.ts';
import type { Declaration } from './tree.ts';

/** The runtime files that a text uses, and what these use, each behind what it needs. */
export function runtimeClosure(text: string): readonly Declaration[] {
  const used = new Set(text.match(/[A-Za-z_$][\w$]*/g));
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
  const code = [text, ...order.map(({ js }) => js)].join('\n');
  return order.map(({ name, ts, js, dts }) => ({
    kind: 'text',
    ts: withPossibleErrors(ts, code),
    js,
    dts: name === 'errors' || name.endsWith('-types') ? withPossibleErrors(dts, code) : '',
  }));
}

/** Takes out of the union of error codes those that the code of this module never gives. */
function withPossibleErrors(types: string, code: string): string {
  return types.replace(/(?<=export type ErrorCode =\n)[^;]*;/, (union) => {
    const kept = union
      .slice(0, -1)
      .split('\n')
      .filter((line) => code.includes(line.trim().slice('| '.length)));
    return `${kept.join('\n')};`;
  });
}
