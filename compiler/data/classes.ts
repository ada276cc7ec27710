/** Which classes of the data are which classes of the model. */
import { DataError } from './error.ts';
import type { Opened } from './source.ts';
import type { Spec } from './spec.ts';

export interface ClassMap {
  /** For each class of the data its number in the model, -1 for one that is left out. */
  readonly numbers: Int32Array;
  /** Names by the model's numbers. */
  readonly names: readonly string[];
}

/** The model's classes: their names, or just how many there are. */
export type ModelClasses = readonly string[] | number;

const quoted = (names: readonly string[]): string =>
  (names.length > 12 ? [...names.slice(0, 12), `… (${names.length})`] : names).join(', ');

/** `--only 3,5`: by name, else by number. */
function pick(spec: Spec, classes: readonly string[], only: readonly string[]): number[] {
  const picked = only.map((word) => {
    const byName = classes.indexOf(word);
    const found = byName < 0 && /^\d+$/u.test(word) && Number(word) < classes.length ? Number(word) : byName;
    if (found < 0) {
      throw new DataError('data-classes', `${spec.text} has no class \`${word}\`; it has ${quoted(classes)}`);
    }
    return found;
  });
  if (picked.length < 2 || new Set(picked).size < picked.length) {
    throw new DataError('data-classes', `--only takes two or more different classes, got ${only.join(',')}`);
  }
  return picked;
}

/** Throws a `DataError` naming both sides where the classes of the data are not those of the model. */
export function mapClasses(
  spec: Spec,
  opened: Opened,
  wanted: ModelClasses | undefined,
  only: readonly string[] | undefined,
): ClassMap {
  const picked = only ? pick(spec, opened.classes, only) : opened.classes.map((_, i) => i);
  const names = picked.map((i) => opened.classes[i]!);
  const numbers = new Int32Array(opened.classes.length).fill(-1);
  picked.forEach((from, to) => (numbers[from] = to));
  if (wanted === undefined) return { numbers, names };
  if (typeof wanted === 'number') {
    checkCount(spec, opened, names, wanted, only);
    return { numbers, names };
  }
  checkKept(names, wanted.length, only, wanted);
  // Digits that the model calls by their names, in whatever order, are those; else the numbers count.
  const sameNames = names.length === wanted.length && names.every((name) => wanted.includes(name));
  if (!opened.named && !sameNames) {
    checkCount(spec, opened, names, wanted.length, only, wanted);
    return { numbers, names: wanted };
  }
  const missing = wanted.filter((name) => !names.includes(name));
  const extra = names.filter((name) => !wanted.includes(name));
  if (missing.length > 0 || extra.length > 0) {
    const parts = [
      `the folders of ${spec.place} are not the classes of the model`,
      `folders: ${quoted(names)}`,
      `classes: ${quoted(wanted)}`,
      ...(missing.length > 0 ? [`no folder for: ${quoted(missing)}`] : []),
      ...(extra.length > 0 ? [`no class for: ${quoted(extra)}`] : []),
    ];
    throw new DataError('data-classes', parts.join('\n  '), spec.place);
  }
  opened.classes.forEach((name, i) => (numbers[i] = numbers[i]! < 0 ? -1 : wanted.indexOf(name)));
  return { numbers, names: wanted };
}

function checkKept(
  names: readonly string[],
  wanted: number,
  only: readonly string[] | undefined,
  called: readonly string[],
): void {
  if (!only || names.length === wanted) return;
  const all = called.length > 0 ? `: ${quoted(called)}` : '';
  throw new DataError(
    'data-classes',
    `--only ${only.join(',')} keeps ${names.length} classes, the model has ${wanted}${all}`,
  );
}

function checkCount(
  spec: Spec,
  opened: Opened,
  names: readonly string[],
  wanted: number,
  only: readonly string[] | undefined,
  called: readonly string[] = [],
): void {
  checkKept(names, wanted, only, called);
  const tooMany = names.length > wanted;
  if (!tooMany && !(opened.named && names.length < wanted)) return;
  const known = called.length > 0 && called.every((name) => names.includes(name));
  const example = (known ? called : names.slice(0, wanted)).join(',');
  const hint = tooMany && wanted >= 2 ? `; keep ${wanted} of them: --only ${example}` : '';
  const { file, sample, label } = tooMany ? firstBeyond(opened, wanted) : { file: '', sample: 0, label: 0 };
  const where = tooMany && !opened.named ? ` (${file}: sample ${sample} has the label ${label})` : '';
  throw new DataError(
    'data-classes',
    `${spec.text} has ${names.length} classes, the model has ${wanted}${where}${hint}`,
  );
}

function firstBeyond(opened: Opened, wanted: number): { file: string; sample: number; label: number } {
  for (const source of [opened.train, ...(opened.test ? [opened.test] : [])]) {
    const sample = source.labels.findIndex((label) => label >= wanted);
    if (sample >= 0) return { file: source.name, sample, label: source.labels[sample]! };
  }
  return { file: opened.train.name, sample: 0, label: opened.classes.length - 1 };
}
