import type { Engine } from './engine.ts';
import { ModelError } from './errors.ts';
import type { Plan } from './program.ts';
import type { ThreadOptions, WorkerLike } from './thread-types.ts';
import type { Loaded, WasmBlueprint, WasmEngine } from './wasm.ts';
import { commitPlace, engineOf, loadWasm } from './wasm.ts';

/**
 * What a worker runs. Words: whether a commit phase began; the number of the command; its routine, N, from and to; the
 * workers that are done with it. A worker sleeps until there is a command, and the last one to be done says so.
 */
const workerScript = `
  const port = globalThis.postMessage ? globalThis : process.getBuiltinModule('node:worker_threads').parentPort;
  port.onmessage = async ({ data: { module, memory, place, thread, threads, names } }) => {
    try {
      const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
      const words = new Int32Array(memory.buffer, place, 7);
      let command = 0;
      port.postMessage(command);
      for (;;) {
        while (Atomics.load(words, 1) === command) Atomics.wait(words, 1, command);
        command = Atomics.load(words, 1);
        if (words[2] < 0) return;
        exports[names[words[2]]](words[3], words[4], words[5], thread, threads);
        if (Atomics.add(words, 6, 1) === threads - 1) port.postMessage(command);
      }
    } catch (error) {
      port.postMessage(String(error));
    }
  };
`;

/** Runs kernels that are WebAssembly, in as many threads as were asked for where that can be. */
export async function threadEngine(blueprint: WasmBlueprint, options: ThreadOptions): Promise<Engine> {
  const { threads = 1, createWorker = startWorker } = options;
  if (!(Number.isInteger(threads) && threads > 0 && threads <= 64)) {
    throw new ModelError('options', `threads: ${threads} is not a whole number from 1 to 64`);
  }
  const shared = typeof SharedArrayBuffer === 'function';
  const loaded = await loadWasm(blueprint.wasm, options, shared ? threads : 1);
  let reason = 'no SharedArrayBuffer; a page must be cross-origin isolated to have it';
  if (threads > 1 && shared) {
    const crew = new Crew(blueprint, loaded);
    try {
      await crew.start(createWorker);
      return crew;
    } catch (error) {
      crew.stop();
      reason = `workers do not start (${error instanceof Error ? error.message : String(error)})`;
    }
  }
  if (threads === 1) return engineOf(blueprint, loaded);
  const reasons = [loaded.info.reason, `threads: ${reason}`].filter(Boolean).join('; ');
  return engineOf(blueprint, { ...loaded, info: { ...loaded.info, threads: 1, reason: reasons } });
}

/** Where the words stand that threads take work by, in bytes: the next ticket, and whether they run at once. */
const ticketPlace = 8;

function startWorker(script: string): WorkerLike {
  const scope: object = globalThis;
  const { Worker, process } = scope as Host;
  if (!Worker) {
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    return new Worker(script, { eval: true });
  }
  scriptUrl ??= URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  return new Worker(scriptUrl, { type: 'module' });
}

let scriptUrl: string | undefined;

type MakeWorker = new (script: string, options: { eval?: boolean; type?: 'module' }) => WorkerLike;

interface Host {
  readonly Worker?: MakeWorker;
  readonly process: { getBuiltinModule(name: string): { readonly Worker: MakeWorker } };
}

/** `tell` gets what the worker posts, and a text when it dies. */
function listen(worker: WorkerLike, tell: (answer: unknown) => void): void {
  const died = (how: unknown): void => tell(String((how as { message?: string }).message ?? how));
  // A browser gives no reason where a policy forbids the script.
  const failed = ({ message }: { message?: unknown }): void =>
    tell(String(message ?? 'a policy needs worker-src blob:, or give createWorker'));
  if (worker.on) {
    worker.on('message', tell);
    worker.on('error', died);
    worker.on('exit', (code) => died(`exit ${String(code)}`));
  } else {
    worker.addEventListener?.('message', ({ data }) => tell(data));
    worker.addEventListener?.('messageerror', () => died('it cannot read what it was sent'));
    worker.addEventListener?.('error', failed);
  }
}

/** Workers that run each routine together; without them, this thread does. */
class Crew implements Engine {
  readonly info: Engine['info'];
  readonly #alone: WasmEngine;
  readonly #loaded: Loaded;
  readonly #routines: readonly (Plan | undefined)[];
  readonly #names: readonly string[];
  readonly #words: Int32Array;
  readonly #tickets: Int32Array;
  #workers: readonly WorkerLike[] = [];
  /** What waits for an answer of the workers. */
  #done: ((answer: unknown) => void) | undefined;
  /** What became of a worker that died. */
  #problem: string | undefined;

  constructor(blueprint: WasmBlueprint, loaded: Loaded) {
    this.#alone = engineOf(blueprint, loaded);
    this.#loaded = loaded;
    this.info = loaded.info;
    this.#names = Object.keys(blueprint.routines);
    this.#routines = Object.values(blueprint.routines);
    this.#words = new Int32Array(loaded.memory.buffer, commitPlace, 7);
    this.#tickets = new Int32Array(loaded.memory.buffer, ticketPlace, 2);
  }

  get blueprint(): Engine['blueprint'] {
    return this.#alone.blueprint;
  }

  get weights(): ArrayBuffer {
    return this.#alone.weights;
  }

  bind(plan: Plan): ReturnType<Engine['bind']> {
    return this.#alone.bind(plan);
  }

  download(): Promise<void> {
    return this.#alone.download();
  }

  upload(...[tensors]: Parameters<WasmEngine['upload']>): void {
    this.#alone.upload(tensors);
  }

  /** Resolves when all workers wait for commands. */
  async start(createWorker: (script: string) => WorkerLike): Promise<void> {
    const { module, memory, info } = this.#loaded;
    const { threads } = info;
    const names = this.#names;
    let ready = 0;
    const answer = new Promise<unknown>((resolve) => {
      this.#done = (value) => (value === 0 && ++ready < threads ? undefined : resolve(value));
    });
    const timer = setTimeout(() => this.#done?.('they gave no answer'), 10_000);
    this.#workers = Array.from({ length: threads }, (_, thread) => {
      const worker = createWorker(workerScript);
      listen(worker, (value) => {
        if (typeof value === 'string') this.#problem ??= value;
        this.#done?.(value);
      });
      worker.postMessage({ module, memory, place: commitPlace, thread, threads, names });
      return worker;
    });
    const problem = await answer;
    clearTimeout(timer);
    if (problem !== 0) throw new Error(String(problem));
    for (const worker of this.#workers) worker.unref?.();
  }

  async run(...[plan, samples, pace, done]: Parameters<Engine['run']>): Promise<void> {
    if (this.#problem !== undefined) await this.stop();
    const [first] = this.#workers;
    if (!first) return this.#alone.run(plan, samples, pace, done);
    const { launches, commit = [] } = this.bind(plan);
    const words = this.#words;
    words.set([this.#routines.indexOf(plan), samples, 0, launches.length + commit.length, 0], 2);
    words[0] = 0;
    this.#tickets.set([0, 1]);
    // A process that has nothing else to do waits for the answer of a worker, but not for the next command.
    first.ref?.();
    const answer = await new Promise((resolve) => {
      this.#done = resolve;
      Atomics.add(words, 1, 1);
      Atomics.notify(words, 1);
    });
    first.unref?.();
    // What this thread runs alone, it runs share by share.
    this.#tickets[1] = 0;
    if (answer === words[1]) return void (await done());
    await this.stop();
    this.#alone.lost = words[0] === 1;
    throw new ModelError('worker', `a worker died (${String(answer)}); the model goes on without threads`);
  }

  /** Resolves when no worker runs. */
  async stop(): Promise<void> {
    const workers = this.#workers;
    this.#workers = [];
    Object.assign(this.info, { threads: 1 });
    this.#words[2] = -1;
    Atomics.add(this.#words, 1, 1);
    Atomics.notify(this.#words, 1);
    // Node says when a worker has ended; others have until then to finish the kernel that they are in.
    const ends = workers.map((worker) => worker.terminate() ?? new Promise((then) => setTimeout(then, 100)));
    await Promise.all(ends);
  }

  release(): void {
    void this.stop();
  }
}
