/** Loads the entry file and what it imports. */
import type { Span } from '../base/source.ts';
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

export function loadFiles(
  entry: string,
  read: (path: string) => string | undefined,
  reporter: Reporter,
): Loaded {
  const units = new Map<string, Unit | undefined>();
  const ordered: Unit[] = [];
  /** The chain of files that led here, to name cycles. */
  const open: string[] = [];

  const load = (path: string, text: string): Unit => {
    const { unit, diagnostics } = parseUnit(path, text, true);
    diagnostics.forEach((diagnostic) => reporter.add(diagnostic));
    units.set(path, unit);
    open.push(path);
    for (const item of unit.file.items) if (item.kind === 'import') resolveImport(unit, item);
    open.pop();
    ordered.push(unit);
    return unit;
  };

  const resolveImport = (unit: Unit, item: Import): void => {
    const imported = find(unit, item);
    for (const name of item.names) {
      const declared = imported?.names.get(name.text);
      if (imported && (!declared || declared.unit !== imported)) {
        const own = [...imported.names].flatMap(([text, d]) => (d.unit === imported ? [text] : []));
        const message = `${imported.path} declares no layer or model \`${name.text}\``;
        reporter.at(name.span, 'E0205', message, { notes: suggestion(name.text, own) });
        continue;
      }
      if (declared && !unit.names.has(name.text)) unit.names.set(name.text, declared);
    }
  };

  const find = (unit: Unit, item: Import): Unit | undefined => {
    const path = resolvePath(unit.path, item.from.value);
    if (path === undefined) {
      report(item.from.span, 'E0208', `${JSON.stringify(item.from.value)} is not a relative path`);
      return undefined;
    }
    if (open.includes(path)) {
      const cycle = [...open.slice(open.indexOf(path)), path].join(' → ');
      report(item.span, 'E0204', `these files import one another: ${cycle}`);
      return undefined;
    }
    const known = units.get(path);
    if (known) return known;
    const text = open.length < maxImportDepth ? read(path) : undefined;
    if (text === undefined) {
      report(item.from.span, 'E0203', `cannot read ${path}`);
      return undefined;
    }
    return load(path, text);
  };

  const report = (span: Span, code: `E${number}`, message: string): void => reporter.at(span, code, message);

  const text = read(entry);
  if (text === undefined) {
    report({ file: entry, start: 0, end: 0 }, 'E0203', `cannot read ${entry}`);
    return { entry: undefined, units: [] };
  }
  return { entry: load(entry, text), units: ordered };
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
