/** One scheduled kernel as one WASM function. */
import { invariant } from '../../base/invariant.ts';
import { formatType } from '../../base/types.ts';
import { allocatedIn, writesOf } from '../../loop/accesses.ts';
import { mentions } from '../../loop/affine.ts';
import { alwaysInside, boundsOf } from '../../loop/bounds.ts';
import type { Buffer, For, Kernel, Stmt, StmtOf } from '../../loop/ir.ts';
import { Names } from '../../loop/names.ts';
import { axesOfRange, visitStmts } from '../../loop/rewrite.ts';
import { foldConstants } from '../../loop/transform/fold-constants.ts';
import { hasParallel, isParallel, samplesAreApart, writesOnce } from '../../loop/transform/parallel.ts';
import { Code, finish, Locals } from './code.ts';
import type { Parameter, WasmFunction } from './instructions.ts';
import type { Called } from './called.ts';
import { fixedBounds, startLoop, writeLoop } from './loops.ts';
import { outlined } from './outline.ts';
import { registerKinds } from './registers.ts';
import type { At } from './state.ts';
import { KernelState } from './state.ts';
import { accumulate, bindLocal, store } from './statements.ts';
import type { Tickets } from './tickets.ts';

export interface KernelFunction {
  readonly function: WasmFunction;
  /** Memory that each thread needs while it runs. */
  readonly scratchBytes: number;
  /** Whether threads share the work; if not, one of them does it. */
  readonly parallel: boolean;
}

/**
 * The function `(inputs…, outputs…, scratch, N, thread, threads)` of i32: byte addresses, the actual batch, and which part
 * of the parallel loop to run. `math` takes note of the functions it calls; with `tickets`, threads share what is left over.
 */
export function kernelFunction(
  kernel: Kernel,
  math: Called,
  { exported = false, tickets }: { readonly exported?: boolean; readonly tickets?: Tickets } = {},
): KernelFunction {
  const folded = foldConstants(kernel);
  invariant(
    isParallel(folded) || !hasParallel(folded.body),
    `${kernel.name}: every thread would write what stands outside of the parallel loops`,
  );
  const operands = [...kernel.inputs, ...kernel.outputs];
  const parameters = parametersOf(operands);
  const locals = new Locals(parameters.map(({ type }) => type));
  const start = new Code(locals);
  const code = start.nested();
  const state = new KernelState(start, operands, registerKinds(folded), math);
  if (tickets !== undefined && writesOnce(folded)) state.tickets = tickets;
  if (isParallel(folded) && samplesAreApart(folded)) state.shareSamples(start);
  statements(folded.body, { code, loads: new Map() }, state);
  state.places.settle(code);
  startLoop(state.places.batch, (c) => c.get(state.batch), start, state);
  const finished = finish(locals, [...start.list, ...code.list]);
  const types = [...parameters.map(({ type }) => type), ...finished.locals];
  const describe = (buffers: readonly Buffer[]): string =>
    buffers.map((buffer) => `${buffer.name} ${formatType(buffer)}`).join(', ');
  return {
    function: {
      name: kernel.name,
      comment: `${kernel.name}: ${describe(kernel.inputs)} → ${describe(kernel.outputs)}`,
      parameters,
      results: [],
      locals: finished.locals,
      body: outlined(finished.body, types, kernel.name, math),
      exported,
    },
    scratchBytes: state.scratchBytes,
    parallel: isParallel(folded),
  };
}

function parametersOf(operands: readonly Buffer[]): readonly Parameter[] {
  const names = new Names();
  for (const name of ['scratch', 'N', 'thread', 'threads']) names.unique(name);
  return [
    ...operands.map((buffer): Parameter => ({
      name: names.unique(buffer.name),
      type: 'i32',
    })),
    { name: 'scratch', type: 'i32' },
    { name: 'N', type: 'i32' },
    { name: 'thread', type: 'i32' },
    { name: 'threads', type: 'i32' },
  ];
}

function statements(body: readonly Stmt[], at: At, state: KernelState): void {
  const top = state.scratchTop;
  for (const stmt of body) statement(stmt, at, state);
  state.scratchTop = top;
}

function statement(stmt: Stmt, at: At, state: KernelState): void {
  switch (stmt.kind) {
    case 'for':
      return loop(stmt, at, state);
    case 'if':
      return branch(stmt, at, state);
    case 'let':
      return bindLocal(stmt, at, state);
    case 'alloc':
      return state.allocate(at.code, stmt.buffer);
    case 'store':
      return store(stmt, at, state);
    case 'accumulate':
      return accumulate(stmt, at, state);
    case 'barrier':
      return;
    case 'all_reduce':
      return invariant(false, 'a kernel for a GPU');
    default:
      return stmt satisfies never;
  }
}

function loop(stmt: For, at: At, state: KernelState): void {
  const { axis, mode } = stmt;
  invariant(typeof mode === 'string', 'a loop bound to a GPU index in a WASM kernel');
  if (mode === 'vectorize') return lanes(stmt, at, state);
  const bounds = mode === 'parallel' ? undefined : fixedBounds(stmt, state);
  invariant(bounds || mode !== 'unroll', `the bounds of ${axis.name} are not constant`);
  if (bounds && (mode === 'unroll' || bounds.to - bounds.from <= 1)) {
    for (let value = bounds.from; value < bounds.to; value++) {
      state.places.bindAxis(axis, { kind: 'number', value }, { low: value, high: value });
      statements(stmt.body, at, state);
    }
    return;
  }
  const loads = leftBy(stmt.body, at);
  writeLoop(stmt, at.code, state, isTiles(stmt), (code) =>
    statements(stmt.body, { code, loads: new Map(loads) }, state),
  );
  replaceLoads(at, loads);
}

/** Whether each iteration makes a register tile of its own in a loop, and leaves nothing in registers around it. */
function isTiles({ body }: For): boolean {
  const own = new Set(allocatedIn(body));
  return (
    writesOf(body).every(({ buffer }) => buffer.space !== 'register' || own.has(buffer)) &&
    body.some((stmt) => stmt.kind === 'alloc' && stmt.buffer.space === 'register') &&
    body.some((stmt) => stmt.kind === 'for' && stmt.mode === 'serial')
  );
}

/** All four iterations at once, or one after the other where they differ in more than values. */
function lanes(stmt: For, at: At, state: KernelState): void {
  const { axis, body } = stmt;
  const bounds = fixedBounds(stmt, state);
  invariant(bounds?.from === 0 && bounds.to === 4, `the loop over lanes ${axis.name} has not 4 iterations`);
  invariant(state.lanes === undefined, `lanes ${axis.name} in lanes`);
  let differ = false;
  visitStmts(body, (inner) => {
    if (inner.kind === 'for') differ ||= axesOfRange(inner.range).has(axis);
    if (inner.kind === 'if') differ ||= inner.conditions.some(({ index }) => mentions(index, axis));
  });
  if (!differ) return state.withLanes(axis, undefined, () => statements(body, at, state));
  for (let lane = 0; lane < 4; lane++) state.withLanes(axis, lane, () => statements(body, at, state));
}

/** Conditions that hold in every run are not tested. */
function branch(stmt: StmtOf<'if'>, at: At, state: KernelState): void {
  const { places } = state;
  const { code } = at;
  const tests: (() => void)[] = [];
  for (const { index, extent } of stmt.conditions) {
    const { low, high } = boundsOf(index, places.intervalOf);
    if (high < 0 || (extent !== 'N' && low >= extent)) return;
    const above = low >= 0;
    const below = extent === 'N' ? alwaysInside(index, extent, places.intervalOf) : high < extent;
    if (above && below) continue;
    const place = places.resolve(index);
    invariant(place.lane === 0, 'a condition differs between lanes');
    tests.push(() => {
      places.pushIndex(code, place);
      if (below) {
        code.i32(0);
        return code.op('i32.ge_s');
      }
      if (extent === 'N') code.get(state.batch);
      else code.i32(extent);
      // Without sign, negative numbers are the largest.
      code.op(above ? 'i32.lt_s' : 'i32.lt_u');
    });
  }
  if (tests.length === 0) return statements(stmt.body, at, state);
  tests.forEach((test, i) => {
    test();
    if (i > 0) code.op('i32.and');
  });
  const loads = leftBy(stmt.body, at);
  const inner = code.nested();
  statements(stmt.body, { code: inner, loads: new Map(at.loads) }, state);
  places.settle(inner);
  code.push({ op: 'if', then: inner.list, otherwise: [] });
  replaceLoads(at, loads);
}

/** The loads that still hold when the body has run any number of times. */
function leftBy(body: readonly Stmt[], { loads }: At): At['loads'] {
  const written = new Set(writesOf(body).map(({ buffer }) => buffer));
  const own = new Set(allocatedIn(body));
  // Outputs may share memory with inputs.
  const global = [...written].some(({ space }) => space === 'global');
  const holds = (buffer: Buffer): boolean =>
    buffer.space === 'global' ? !global : !written.has(buffer) && !own.has(buffer);
  return new Map([...loads].filter(([, { buffer }]) => holds(buffer)));
}

function replaceLoads({ loads }: At, left: At['loads']): void {
  for (const key of [...loads.keys()]) if (!left.has(key)) loads.delete(key);
}
