/** The world outside, as the commands see it; a test puts its own here. */
export interface Io {
  /** Relative file names begin here. */
  readonly cwd: string;
  /** Results. */
  out(text: string): void;
  /** Messages and progress. */
  err(text: string): void;
  /** Whether `err` goes to a terminal: bars that move instead of lines. */
  readonly terminal: boolean;
  /** Whether `out` and `err` may have colours. */
  readonly color: boolean;
  /** `import()` of the address of a file or the name of a package. */
  import(module: string): Promise<unknown>;
  /** Where bars are drawn. */
  readonly stream: NodeJS.WritableStream;
  /**
   * Runs work that saves before it ends: Ctrl-C aborts the signal. A second Ctrl-C, and one outside of such work, ends the
   * process at once.
   */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/** The process this runs in; `load` is the `import()` of its first module, as a script has none (`code-cache.ts`). */
export function processIo(load: Io['import']): Io {
  let saving: AbortController | undefined;
  process.on('SIGINT', () => {
    if (!saving || saving.signal.aborted) process.exit(130);
    saving.abort();
  });
  // `cnnc … | head` closes our output early; that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const terminal = process.stderr.isTTY === true;
  return {
    cwd: process.cwd(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    terminal,
    color: wantsColor(process.env, terminal && process.stdout.isTTY === true),
    import: load,
    stream: process.stderr,
    async interruptible(work) {
      saving = new AbortController();
      try {
        return await work(saving.signal);
      } finally {
        saving = undefined;
      }
    },
  };
}

/** NO_COLOR and FORCE_COLOR as other tools understand them. */
export function wantsColor(environment: NodeJS.ProcessEnv, terminal: boolean): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  const force = environment['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return terminal && environment['TERM'] !== 'dumb';
}
