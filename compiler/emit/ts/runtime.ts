import type { RuntimeFile } from '../../generated/runtime.ts';
import { runtime } from '../../generated/runtime.ts';
import { invariant } from '../../base/invariant.ts';
import type { Declaration } from './tree.ts';
import { printModule } from './tree.ts';

/** The runtime files that `declarations` use, and what these use, each behind what it needs. */
export function runtimeClosure(declarations: readonly Declaration[], trains: boolean): readonly Declaration[] {
  const text = printModule(declarations, 'ts');
  const used = new Set(text.match(/[A-Za-z_$][\w$]*/g));
  const roots = runtime.filter(
    ({ name, declares }) => name === 'types' || declares.some((declared) => used.has(declared) && !isTypeOnly(declared)),
  );
  const order: RuntimeFile[] = [];
  const add = (file: RuntimeFile): void => {
    if (order.includes(file)) return;
    for (const name of file.imports) {
      const needed = runtime.find((other) => other.name === name);
      invariant(needed, `runtime/${file.name}.ts imports ${name}`);
      if (!trains || !order.includes(needed)) add(needed);
    }
    order.push(file);
  };
  for (const root of roots) add(root);
  return order.map(({ name, ts, js, dts }) => ({
    kind: 'text',
    ts,
    js,
    dts: name === 'types' || name === 'errors' ? dts : '',
  }));
}
