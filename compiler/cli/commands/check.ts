import { readFileSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { lineAndColumn } from '../../base/source.ts';
import { analyze, hasErrors } from '../../index.ts';
import type { Diagnostic, Fix, Source } from '../../index.ts';
import { InputError, Interrupted, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { cnnFiles, openSource, printDiagnostics } from '../source.ts';
import { writeFileAtomic } from '../write.ts';

interface Options {
  readonly fix?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function addCheck(program: Command, io: Io): void {
  program
    .command('check')
    .description('what is wrong with models')
    .argument('<files...>', '.cnn files; a folder: all in it')
    .option('--fix', 'apply the fixes that the diagnostics propose')
    .option('--watch', 'check again whenever a file changes')
    .option('--json', 'one JSON object with all diagnostics')
    .action((files: readonly string[], options: Options) => {
      if (options.watch && options.json) throw new UsageError('--watch and --json do not go together');
      if (options.watch) return watchFiles(io, files, options);
      if (!checkFiles(io, files, options).good) throw new InputError('');
      return undefined;
    });
}

interface Checked {
  readonly good: boolean;
  /** Everything read: the files and what they import. */
  readonly read: ReadonlySet<string>;
}

function checkFiles(io: Io, named: readonly string[], options: Options): Checked {
  const read = new Set<string>();
  const all: Placed[] = [];
  for (const file of cnnFiles(io, named)) {
    if (options.fix) fixFile(io, file);
    const source = openSource(io, file);
    const noted = {
      entry: source.entry,
      read: (path: string): string | undefined => {
        read.add(resolve(io.cwd, path));
        return source.read(path);
      },
    };
    const { diagnostics } = analyze(noted, { check: true });
    all.push(...diagnostics.map((diagnostic) => placed(diagnostic, source)));
    if (options.json) continue;
    printDiagnostics(io, source, diagnostics);
    if (!hasErrors(diagnostics))
      io.out(`${file}: ${diagnostics.length === 0 ? 'good' : 'good, with warnings'}\n`);
  }
  if (options.json) io.out(`${JSON.stringify({ diagnostics: all })}\n`);
  return { good: !hasErrors(all), read };
}

/** A diagnostic as programs want it. */
type Placed = Diagnostic & { readonly line: number; readonly column: number };

function placed(diagnostic: Diagnostic, source: Source): Placed {
  const { file, start } = diagnostic.span;
  return { ...diagnostic, ...lineAndColumn(source.read(file) ?? '', start) };
}

/** One fix can uncover the next; more rounds than this would be a fix that undoes another. */
const mostRounds = 20;

/** Applies fixes until none is left. Only `file` itself is changed. */
function fixFile(io: Io, file: string): void {
  let applied = 0;
  for (let round = 0; round < mostRounds; round++) {
    const source = openSource(io, file);
    const fixes = analyze(source).diagnostics.flatMap(({ fix }) => (fix ? [fix] : []));
    const text = source.read(source.entry) ?? '';
    const { changed, count } = applyFixes(text, source.entry, fixes);
    if (count === 0) break;
    applied += count;
    writeFileAtomic(resolve(io.cwd, file), changed);
  }
  if (applied > 0) io.err(`${file}: ${applied} ${applied === 1 ? 'fix' : 'fixes'} applied\n`);
}

/** Applies the fixes that lie in `file` and touch no text that another of them has changed. */
export function applyFixes(
  text: string,
  file: string,
  fixes: readonly Fix[],
): { changed: string; count: number } {
  const taken: { start: number; end: number; text: string }[] = [];
  let count = 0;
  for (const { edits } of fixes) {
    const mine = edits.map(({ span, text: replacement }) => ({ ...span, text: replacement }));
    const free = mine.every(
      (edit) =>
        edit.file === file && taken.every((other) => edit.end < other.start || edit.start > other.end),
    );
    const changes = mine.some((edit) => text.slice(edit.start, edit.end) !== edit.text);
    if (!free || !changes) continue;
    taken.push(...mine);
    count++;
  }
  const changed = taken
    .sort((a, b) => b.start - a.start)
    .reduce((now, edit) => now.slice(0, edit.start) + edit.text + now.slice(edit.end), text);
  return { changed, count };
}

/** Checks again after each change, until Ctrl-C. */
async function watchFiles(io: Io, files: readonly string[], options: Options): Promise<void> {
  return io.interruptible(async (signal) => {
    while (!signal.aborted) {
      const { read } = tryCheck(io, files, options);
      io.err('waiting for changes; Ctrl-C ends\n');
      await changeOf(read, signal);
    }
    throw new Interrupted('');
  });
}

/** A file that is away for a moment, as while an editor saves it, does not end the watch. */
function tryCheck(io: Io, files: readonly string[], options: Options): Checked {
  try {
    return checkFiles(io, files, options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    io.err(`cnnc: ${error.message}\n`);
    return { good: false, read: new Set(files.map((file) => resolve(io.cwd, file))) };
  }
}

/** Until the content of one of `paths` is another. Folders are watched, as editors replace files. */
function changeOf(paths: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  const before = new Map([...paths].map((path) => [path, contentOf(path)]));
  const watchers: FSWatcher[] = [];
  return new Promise<void>((resolvePromise) => {
    for (const folder of new Set([...paths].map((path) => dirname(path)))) {
      const watcher = watch(folder, (_event, name) => {
        const changed = [...paths].some(
          (path) => (name === null || basename(path) === name) && contentOf(path) !== before.get(path),
        );
        if (changed) resolvePromise();
      });
      watcher.on('error', () => undefined);
      watchers.push(watcher);
    }
    signal.addEventListener('abort', () => resolvePromise(), { once: true });
  }).finally(() => watchers.forEach((watcher) => watcher.close()));
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
