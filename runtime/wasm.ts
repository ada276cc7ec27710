import type { Engine } from './engine.ts';
import { ModelError } from './errors.ts';
import type { EngineInfo, ErrorCode } from './model-types.ts';
import type { Pace } from './pace.ts';
import type { Blueprint, HeldTensor, Launch, Plan, Routine } from './program.ts';
import type { WasmOptions } from './wasm-types.ts';

/** The module of all kernels, and where things stand in its memory; in bytes. */
interface WasmCode {
  readonly code: () => Uint8Array | Promise<Uint8Array>;
  /** Place of the byte in the code that says whether the memory is shared. */
  readonly flag: number;
  /** Places of multiplications and of the additions of their results: the first, and the way from each to the next. */
  readonly fused: () => readonly number[];
  /** Where scratch begins, so much for each thread. */
  readonly scratch: number;
  readonly perThread: number;
}

/** A launch as the file lists it; its place in the list is its number. */
interface WasmLaunch extends Omit<Launch, 'run'> {
  readonly kernel: string;
}

export interface WasmRoutine extends Omit<Routine, 'launches' | 'commit'> {
  readonly launches: readonly WasmLaunch[];
  readonly commit?: readonly WasmLaunch[];
}

export interface WasmBlueprint extends Blueprint {
  readonly wasm: WasmCode;
}

/** Runs the launches `from` … `to - 1` of a routine, the share of one thread; those that commit only if all is finite. */
export type WasmCall = (N: number, from: number, to: number, thread: number, threads: number) => void;

/** What we use of `WebAssembly`. */
interface WasmApi {
  compile(code: Uint8Array): Promise<object>;
  instantiate(
    module: object,
    imports: { env: { memory: object } },
  ): Promise<{ exports: Readonly<Record<string, WasmCall>> }>;
  validate(code: Uint8Array): boolean;
  readonly Memory: new (size: { initial: number; maximum: number; shared: boolean }) => {
    readonly buffer: ArrayBuffer;
  };
}

export interface Loaded {
  readonly module: object;
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly calls: Readonly<Record<string, WasmCall>>;
  readonly info: EngineInfo;
}

/** A launch that takes long is called for up to so many threads, one after the other, to let other things run in between. */
const slices = 8;

/** Where the word stands that is set when a commit phase begins, in bytes. */
export const commitPlace = 508;

export async function loadWasm(wasm: WasmCode, { fast }: WasmOptions, threads: number): Promise<Loaded> {
  const scope: object = globalThis;
  const { WebAssembly: api } = scope as { WebAssembly?: WasmApi };
  if (!api) throw new ModelError('wasm-missing', 'this engine has no WebAssembly');
  const plain = await wasm.code();
  if (threads > 1) plain[wasm.flag] = 3;
  const bytes = wasm.scratch + wasm.perThread * Math.max(threads, slices);
  const memory = newMemory(api, bytes, threads > 1);
  const load = async (code: Uint8Array) => {
    const module = await api.compile(code);
    return { module, calls: (await api.instantiate(module, { env: { memory } })).exports };
  };
  const info = { target: 'wasm' as const, threads };
  try {
    if (!fast) return { ...(await load(plain)), memory, info };
    const loaded = await load(fuse(wasm, plain)).catch(() => undefined);
    if (loaded) return { ...loaded, memory, info: { ...info, fast } };
    const reason = 'fast: this engine has no relaxed SIMD';
    return { ...(await load(plain)), memory, info: { ...info, reason } };
  } catch (error) {
    throw refusal(api, plain, error);
  }
}

function newMemory(api: WasmApi, bytes: number, shared: boolean) {
  const pages = Math.ceil(bytes / 65536);
  try {
    return new api.Memory({ initial: pages, maximum: pages, shared });
  } catch {
    throw new ModelError('memory', `there is no room for ${pages * 65536} bytes of WebAssembly memory`);
  }
}

/** The code with multiplications and the additions of their results made single operations. */
function fuse({ fused }: WasmCode, plain: Uint8Array): Uint8Array {
  const code = plain.slice();
  let at = 0;
  for (const way of fused()) {
    at += way;
    // f32x4.mul becomes three nops, and f32x4.add behind it f32x4.relaxed_madd.
    code.set(code[at + 1] === 0xe6 ? [1, 1, 1] : [0xfd, 0x85, 0x02], at);
  }
  return code;
}

/** Why the code was refused. */
function refusal(api: WasmApi, code: Uint8Array, error: unknown): ModelError {
  const [kind, message]: [ErrorCode, string] = api.validate(code)
    ? [
        'wasm-policy',
        "WebAssembly is not allowed; a content-security policy needs script-src 'wasm-unsafe-eval'",
      ]
    : ['wasm-simd', 'this engine has no WebAssembly SIMD'];
  return new ModelError(kind, `${message} (${String(error)})`);
}

interface Bound extends Routine {
  readonly call: WasmCall;
  /** How long each launch took the last time that it ran alone, those of the commit phase last; in milliseconds. */
  readonly times: Float64Array;
  /** For how many samples. */
  readonly samples: Float64Array;
}

/** Launches in a row that take no longer than this together, in milliseconds, are one call. */
const oneCall = 8;

/** A launch as so many calls, one for each thread that would share the work. */
const inParts = (call: WasmCall, launch: number, parts: number): Launch => ({
  parts,
  run(N, start, end) {
    for (let share = start; share < end; share++) call(N, launch, launch + 1, share, parts);
  },
});

/** The weights may be partly those of a step that did not end. */
export interface WasmEngine extends Engine {
  lost: boolean;
  download(): Promise<void>;
  upload(tensors: readonly HeldTensor[]): void;
}

export function engineOf(blueprint: WasmBlueprint, { calls, memory, info }: Loaded): WasmEngine {
  const { routines } = blueprint;
  const bound = new Map<Plan, Bound>();
  const bind = (plan: Plan): Bound => {
    const known = bound.get(plan);
    if (known) return known;
    const name = Object.keys(routines).find((key) => routines[key as keyof typeof routines] === plan);
    const call = calls[name as string] as WasmCall;
    const { launches, commit = [], ...views } = plan.bind(memory.buffer, memory.buffer) as WasmRoutine;
    const runs = [...launches, ...commit].map((launch, i) => ({ ...launch, ...inParts(call, i, slices) }));
    const routine = {
      ...views,
      launches: runs.slice(0, launches.length),
      commit: runs.slice(launches.length),
      call,
      times: new Float64Array(runs.length).fill(Infinity),
      samples: new Float64Array(runs.length).fill(1),
    };
    bound.set(plan, routine);
    return routine;
  };
  const commits = new Int32Array(memory.buffer, commitPlace, 1);
  const check = (): void => {
    if (!engine.lost) return;
    throw new ModelError('weights-lost', 'a step broke off while it changed the weights; load some');
  };
  const engine: WasmEngine = {
    blueprint,
    info,
    lost: false,
    weights: memory.buffer,
    bind,
    async run(plan, samples, pace, done) {
      check();
      const routine = bind(plan);
      commits[0] = 0;
      try {
        for (let from = 0; from < routine.times.length;) from = await runFrom(routine, from, samples, pace);
      } catch (error) {
        engine.lost = commits[0] === 1;
        throw new ModelError('kernel', `a kernel stopped: ${String(error)}`);
      }
      await done();
    },
    download: async () => check(),
    upload(tensors) {
      const whole = blueprint.tensors.filter(({ role }) => role === 'param' || role === 'state');
      if (whole.every(({ name }) => tensors.some((tensor) => tensor.name === name))) engine.lost = false;
      check();
    },
  };
  return engine;
}

/** Runs as many launches as one call may take, or one in parts; gives the number of the next. */
async function runFrom(
  { call, times, samples }: Bound,
  from: number,
  N: number,
  pace: Pace,
): Promise<number> {
  // A launch takes at most so many times longer as there are more samples.
  const expected = (i: number) => (times[i] as number) * Math.max(1, N / (samples[i] as number));
  let to = from;
  for (let sum = 0; to < times.length && (sum += expected(to)) < oneCall;) to++;
  if (to === from) {
    // In few parts, since threads may do some of the work twice.
    const parts = Math.min(slices, Math.ceil(expected(from) / oneCall));
    times[from] = await pace.launch([inParts(call, from, parts)], N);
    samples[from] = N;
    return from + 1;
  }
  const began = performance.now();
  call(N, from, to, 0, 1);
  const isDue = pace.worked();
  // Slower than they were: each is timed again.
  if (performance.now() - began > 2 * oneCall) times.fill(Infinity, from, to);
  if (isDue) await pace.rest();
  return to;
}
