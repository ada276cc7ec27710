/** `augment image -> RandomTranslation(0.1, 0.1)`: what happens to an input in training only. */
import type { Parameter } from '../graph/ir.ts';
import { formatType, sameType } from '../base/types.ts';
import type { TrainEntry } from '../syntax/ast.ts';
import type { Env } from './build.ts';
import { runStages } from './chain.ts';
import type { Datum } from './datum.ts';
import { describe, poison, tensorOf } from './datum.ts';
import { InstanceNames } from './names.ts';

/**
 * Runs every `augment` entry that names this input, in order. Inputs named in one entry get the same random numbers: the
 * instances of both have the same paths.
 */
export function augmentInput(
  entries: readonly TrainEntry[],
  name: string,
  input: Parameter,
  env: Env,
): Datum {
  let datum: Datum = tensorOf(input);
  entries.forEach((entry, i) => {
    if (entry.kind !== 'augment' || !entry.names.some((target) => target.text === name)) return;
    const earlier = entries.slice(0, i).filter((other) => other.kind === 'augment').length;
    const path = earlier === 0 ? 'augment' : `augment_${earlier}`;
    const frame = { ...env.frame, path };
    datum = runStages(entry.stages, datum, { ...env, frame, names: new InstanceNames(path, new Set()) });
    if (datum.kind === 'poison' || (datum.kind === 'tensor' && sameType(datum.value.type, input.type)))
      return;
    const got = datum.kind === 'tensor' ? formatType(datum.value.type) : describe(datum);
    const message = `\`augment\` must give back \`${name}\` as ${formatType(input.type)}, got ${got}`;
    env.build.session.reporter.error(frame, entry.span, 'E0507', message);
    datum = poison;
  });
  return datum;
}
