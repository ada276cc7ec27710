/** A layer inside itself would never end: what is known at compile time cannot stop it. */
import { append } from '../base/multimap.ts';
import type { Reporter } from './report.ts';
import type { Use } from './resolve.ts';

type Declaration = Use['from'];

/** Reports each use that closes a cycle. Without recursion, for a file may have thousands of layers. */
export function hasRecursion(uses: readonly Use[], reporter: Reporter): boolean {
  const outgoing = new Map<Declaration, Use[]>();
  for (const use of uses) append(outgoing, use.from, use);
  let found = false;
  const done = new Set<Declaration>();
  for (const start of outgoing.keys()) {
    if (done.has(start)) continue;
    const path: { readonly at: Declaration; next: number }[] = [{ at: start, next: 0 }];
    const open = new Set<Declaration>([start]);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const use = outgoing.get(top.at)?.[top.next++];
      if (!use) {
        open.delete(top.at);
        done.add(top.at);
        path.pop();
      } else if (open.has(use.to)) {
        found = true;
        reportCycle(
          use,
          path.map((step) => step.at),
          reporter,
        );
      } else if (!done.has(use.to)) {
        open.add(use.to);
        path.push({ at: use.to, next: 0 });
      }
    }
  }
  return found;
}

function reportCycle(use: Use, path: readonly Declaration[], reporter: Reporter): void {
  const names = [...path.slice(path.indexOf(use.to)), use.to].map((declaration) => declaration.name.text);
  const message = `\`${use.to.name.text}\` contains itself: ${names.slice(0, 8).join(' → ')}`;
  reporter.at(use.span, 'E0206', message, {
    notes: [{ message: 'repeat a layer with `for i in 3 { -> Layer }`' }],
  });
}
