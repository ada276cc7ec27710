/** The words after `--data`: `synthetic:digits?count=6000&seed=1`, `idx:DIR`, `cifar10:PATH`, `folder:DIR`. */
import { readdirSync, statSync } from 'node:fs';
import { DataError } from './error.ts';

export interface Spec {
  readonly text: string;
  readonly kind: 'synthetic' | 'idx' | 'cifar10' | 'folder';
  /** A path, or the name of a synthetic set. */
  readonly place: string;
  readonly options: ReadonlyMap<string, number>;
}

/** What each kind takes after `?`, and the values it may have. */
const optionsOf: Readonly<
  Record<Spec['kind'], Readonly<Record<string, readonly [min: number, max: number]>>>
> = {
  synthetic: { count: [1, 1e7], test: [0, 1e7], seed: [0, 2 ** 31 - 1], size: [12, 512], channels: [1, 4] },
  idx: { count: [1, 1e9] },
  cifar10: { count: [1, 1e9] },
  folder: { count: [1, 1e9] },
};

const specHelp = 'synthetic:digits, idx:DIR, cifar10:PATH or folder:DIR';

/** What a path without a kind before it probably is, by what lies there. */
function kindOf(path: string): Spec['kind'] | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const names = readdirSync(path);
  if (names.some((name) => name.includes('-idx3-ubyte'))) return 'idx';
  return names.some((name) => /^data_batch_.*\.bin$/u.test(name)) ? 'cifar10' : 'folder';
}

/** Reads a spec; throws a `DataError` that says what is possible. */
export function parseSpec(text: string): Spec {
  const match = /^([a-z0-9]+):(.+)$/su.exec(text);
  const kind = match?.[1];
  if (!match || (kind !== 'synthetic' && kind !== 'idx' && kind !== 'cifar10' && kind !== 'folder')) {
    const meant = kindOf(text);
    const hint = meant === undefined ? '' : `; did you mean ${meant}:${text}?`;
    throw new DataError('data-spec', `\`${text}\` is no data: expected ${specHelp}${hint}`);
  }
  const rest = match[2]!;
  const question = rest.lastIndexOf('?');
  const place = question < 0 ? rest : rest.slice(0, question);
  const options = new Map<string, number>();
  for (const part of question < 0 ? [] : rest.slice(question + 1).split('&')) {
    const [name = '', value = ''] = part.split('=');
    const limits = Object.hasOwn(optionsOf[kind], name) ? optionsOf[kind][name] : undefined;
    if (!limits) {
      const known = Object.keys(optionsOf[kind]).join(', ');
      throw new DataError('data-spec', `\`${text}\`: no option \`${name}\`; ${kind} takes ${known}`);
    }
    const number = Number(value);
    if (!/^\d+$/u.test(value) || number < limits[0] || number > limits[1]) {
      throw new DataError(
        'data-spec',
        `\`${text}\`: \`${name}\` is a whole number from ${limits[0]} to ${limits[1]}, not \`${value}\``,
      );
    }
    options.set(name, number);
  }
  if (place === '') throw new DataError('data-spec', `\`${text}\` names nothing: expected ${specHelp}`);
  return { text, kind, place, options };
}
