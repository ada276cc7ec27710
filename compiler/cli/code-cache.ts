/**
 * Loads a program with the bytecode of its last run. V8 compiles a function when it is first called, which is a third of the time
 * of a short command; `module.enableCompileCache` of Node 22 keeps half as much of it.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** What a CommonJS file is called with. */
type Body = (exports: object, require: NodeJS.Require, filename: string) => void;

/**
 * The exports, of type E, of the CommonJS file `path`, which cannot `import()`. The bytecode lies in a folder beside it, so that it
 * is trusted as the file is and goes where that goes; where it cannot be written, each run compiles anew. `purpose` tells runs
 * apart that call other functions.
 */
export function loadCached<E extends object>(path: string, purpose: string): E {
  const cache = join(dirname(path), 'code', `${purpose.replace(/[^a-z]/g, '')}-${process.version}`);
  const cachedData = readNewer(cache, path);
  const script = new Script(`(function (exports, require, __filename) {${readFileSync(path, 'utf8')}\n})`, {
    filename: path,
    ...(cachedData && { cachedData }),
  });
  // Not after a mistake: such a run calls little.
  if (cachedData === undefined || script.cachedDataRejected)
    process.once('exit', (status) => status === 0 && keep(cache, script));
  const exports = {};
  (script.runInThisContext() as Body)(exports, createRequire(path), path);
  return exports as E;
}

/** A file that is newer than another, or undefined. */
function readNewer(path: string, than: string): Buffer | undefined {
  try {
    return statSync(path).mtimeMs > statSync(than).mtimeMs ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}

function keep(path: string, script: Script): void {
  const written = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(written, script.createCachedData());
    renameSync(written, path);
  } catch {
    // A folder that others own, a full disk: the next run compiles anew.
  }
}
