/** Names nobody declared, and what may have been meant. */
import type { Span } from '../base/source.ts';
import type { Note } from '../base/diagnostic.ts';
import type { Env } from './build.ts';
import { functionNames } from './functions.ts';
import type { Reporter } from './report.ts';
import { meantName } from './suggest.ts';
import type { Unit } from './unit.ts';
import { globalNames } from './unit.ts';

export const initializerNames = ['zeros', 'ones', 'glorot_uniform', 'he_normal', 'constant'] as const;
/** Names that the compiler gives a meaning everywhere; nothing else may be called so. */
export const fixedNames = ['training', 'step', 'N'] as const;

export function reportUnknown(name: string, span: Span, env: Env, words: readonly string[] = []): void {
  const { reporter } = env.build.session;
  if (reporter.full) return;
  const { diagnostic, notes } = unknownName(name, env.frame.unit, words);
  reporter.error(env.frame, span, 'E0201', diagnostic, { notes });
}

export function reportUnknownIn(
  reporter: Reporter,
  unit: Unit,
  name: string,
  span: Span,
  local: Iterable<string>,
): void {
  if (reporter.full) return;
  const { diagnostic, notes, meant } = unknownName(name, unit, local);
  const fix =
    meant === undefined ? undefined : { title: `write \`${meant}\``, edits: [{ span, text: meant }] };
  reporter.at(span, 'E0201', diagnostic, { notes, fix });
}

function unknownName(
  name: string,
  unit: Unit,
  local: Iterable<string>,
): { diagnostic: string; notes: readonly Note[]; meant: string | undefined } {
  const known = [...local, ...globalNames(unit), ...functionNames, ...initializerNames, ...fixedNames];
  const diagnostic = `nothing is called \`${name}\` here`;
  if (
    name === 'nn' ||
    name === 'layers' ||
    name === 'keras' ||
    name === 'tf' ||
    name === 'torch' ||
    name === 'F'
  ) {
    const message = `layers have no prefix: \`ReLU\`, not \`${name}.ReLU\``;
    return { diagnostic, notes: [{ message }], meant: undefined };
  }
  if (name === 'None') {
    const message = 'there is no `None`: leave the argument out, or use `linear` for no activation';
    return { diagnostic, notes: [{ message }], meant: undefined };
  }
  if (['let', 'const', 'var'].includes(name)) {
    const message = 'a name is bound without a keyword: `h = x -> Dense(3)`';
    return { diagnostic, notes: [{ message }], meant: undefined };
  }
  if (functionNames.includes(name)) {
    const message = `\`${name}\` is a function of what is known at compile time: \`${name}(…)\``;
    return { diagnostic: message, notes: [], meant: undefined };
  }
  const meant = meantName(name, known);
  const notes = meant === undefined ? [] : [{ message: `did you mean \`${meant}\`?` }];
  return { diagnostic, notes, meant: meant !== undefined && /^\w+$/.test(meant) ? meant : undefined };
}
