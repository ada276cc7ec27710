/** Loads the entry file and what it imports. */
import type { Import } from '../syntax/ast.ts';
import type { Reporter } from './report.ts';
import { suggestion } from './suggest.ts';
import type { Unit } from './unit.ts';
import { parseUnit } from './unit.ts';

/** More files than this in one chain of imports is a mistake or an attack. */
const maxImportDepth = 100;

export interface Loaded {
  readonly entry: Unit | undefined;
  /** All files, each once, imported ones before those that import them. */
  readonly units: readonly Unit[];
}

/** Errors are reported; `entry` is undefined only where it cannot be read. */
export function loadFiles(
  entry: string,
  read: (path: string) => string | undefined,
  reporter: Reporter,
): Loaded {
  const text = read(entry);
  if (text === undefined) {
    reporter.at({ file: entry, start: 0, end: 0 }, 'E0203', `cannot read ${entry}`);
    return { entry: undefined, units: [] };
  }
  const loader = new Loader(read, reporter);
  return { entry: loader.load(entry, text), units: loader.ordered };
}

class Loader {
  readonly ordered: Unit[] = [];
  readonly #units = new Map<string, Unit>();
  /** The chain of files that led here, to name cycles. */
  readonly #open: string[] = [];
  readonly #read: (path: string) => string | undefined;
  readonly #reporter: Reporter;

  constructor(read: (path: string) => string | undefined, reporter: Reporter) {
    this.#read = read;
    this.#reporter = reporter;
  }

  load(path: string, text: string): Unit {
    const { unit, diagnostics } = parseUnit(path, text, true);
    diagnostics.forEach((diagnostic) => this.#reporter.add(diagnostic));
    this.#units.set(path, unit);
    this.#open.push(path);
    for (const item of unit.file.items) if (item.kind === 'import') this.#takeNames(unit, item);
    this.#open.pop();
    this.ordered.push(unit);
    return unit;
  }

  /** Gives `unit` the names that it imports. */
  #takeNames(unit: Unit, item: Import): void {
    const imported = this.#find(unit, item);
    for (const name of item.names) {
      const declared = imported?.names.get(name.text);
      if (imported && (!declared || declared.unit !== imported)) {
        const own = [...imported.names].flatMap(([text, d]) => (d.unit === imported ? [text] : []));
        const message = `${imported.path} declares no layer or model \`${name.text}\``;
        this.#reporter.at(name.span, 'E0205', message, { notes: suggestion(name.text, own) });
        continue;
      }
      if (declared && !unit.names.has(name.text)) unit.names.set(name.text, declared);
    }
  }

  #find(unit: Unit, item: Import): Unit | undefined {
    const path = resolvePath(unit.path, item.from.value);
    if (path === undefined) {
      const message = `${JSON.stringify(item.from.value)} is not a relative path`;
      this.#reporter.at(item.from.span, 'E0208', message);
      return undefined;
    }
    if (this.#open.includes(path)) {
      const cycle = [...this.#open.slice(this.#open.indexOf(path)), path].join(' → ');
      this.#reporter.at(item.span, 'E0204', `these files import one another: ${cycle}`);
      return undefined;
    }
    const known = this.#units.get(path);
    if (known) return known;
    const text = this.#open.length < maxImportDepth ? this.#read(path) : undefined;
    if (text === undefined) {
      const notes = path.includes('\\') ? [{ message: 'folders are separated by `/`, on Windows, too' }] : [];
      this.#reporter.at(item.from.span, 'E0203', `cannot read ${path}`, { notes });
      return undefined;
    }
    return this.load(path, text);
  }
}

/** A path relative to the folder of `from`; undefined for absolute paths and addresses. */
export function resolvePath(from: string, path: string): string | undefined {
  if (path === '' || /^([a-zA-Z]:)?[\\/]/.test(path) || /^\w+:\/\//.test(path)) return undefined;
  const folder = from.split('/').slice(0, -1);
  const parts: string[] = [...folder];
  for (const part of path.split('/')) {
    if (part === '.' || part === '') continue;
    const last = parts[parts.length - 1];
    if (part === '..' && last !== undefined && last !== '..' && last !== '') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}
