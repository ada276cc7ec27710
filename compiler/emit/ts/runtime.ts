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
  return order.map(({ name, ts, js, dts }) => ({
    kind: 'text',
    ts,
    js,
    dts: name === 'errors' || name.endsWith('-types') ? dts : '',
  }));
}
