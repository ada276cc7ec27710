/** One kernel of the Loop IR as one JavaScript function. */
import { invariant } from '../../base/invariant.ts';
import type { Extent } from '../../base/types.ts';
import { formatType } from '../../base/types.ts';
import { scratchOf } from '../../loop/accesses.ts';
import type { IntervalOf } from '../../loop/bounds.ts';
import { alwaysInside, boundsOf, boundsOfRange, wholeInterval } from '../../loop/bounds.ts';
import type { Buffer, For, Index, Kernel, Quotient, Stmt, StmtOf, Write } from '../../loop/ir.ts';
import type { TakenNames } from '../../loop/names.ts';
import { exprsOf, visitExpr, visitStmts } from '../../loop/rewrite.ts';
import { foldConstants } from '../../loop/transform/fold-constants.ts';
import { arrayOf } from './arrays.ts';
import { Block } from './block.ts';
import { commentText, lineWidth } from './data.ts';
import type { Text } from './expression.ts';
import { binary, call, element, number, primary } from './expression.ts';
import { KernelScope } from './kernel-scope.ts';
import type { Context } from './kernel-value.ts';
import { combined, condition, named, place, value } from './kernel-value.ts';
import { NameScope } from './names.ts';
import type { FunctionNode } from './tree.ts';
import { unroll } from './unroll.ts';

/**
 * How a function is called. `whole`: runs all of the kernel. `sized`: the extent of its outermost loop is an argument, so
 * that kernels that differ in nothing else are one function. Parts: runs iterations `start` … `end - 1` of the outermost
 * loop, so that the event loop need not wait for all of them.
 */
export type KernelForm = 'whole' | 'sized' | Parts;

/** The iterations of the outermost loop; with `inner`, of that many of the loop inside for each of them. */
export interface Parts {
  readonly outer: Extent;
  readonly inner?: number;
}

/** The kernel as it is printed: constants folded, marked loops written out. */
export const writtenOut = (kernel: Kernel): Kernel => ({
  ...kernel,
  body: unroll(foldConstants(kernel).body),
});

/** Prints `kernel` as the function `name(inputs…, outputs…, scratch…, N)`. `names` are those of the module. */
export function kernelFunction(
  kernel: Kernel,
  name: string,
  names: TakenNames,
  form: KernelForm = 'whole',
): FunctionNode {
  return printWrittenOut(writtenOut(kernel), name, names, form);
}

/** The same for a kernel that is written out. */
export function printWrittenOut(
  kernel: Kernel,
  name: string,
  names: TakenNames,
  form: KernelForm,
): FunctionNode {
  const { body } = kernel;
  const arrays = registerArrays(body);
  const operands = [...kernel.inputs, ...kernel.outputs, ...scratchOf(body)];
  const extra = form === 'sized' ? ['size', 'N'] : form === 'whole' ? ['N'] : ['N', 'start', 'end'];
  const local = new NameScope(names);
  for (const argument of extra) local.reserve(argument);
  const scope = new KernelScope(body, operands, arrays, local);
  const block = new Block();
  const at = { block, scope, interval: wholeInterval };
  if (typeof form === 'object') statementsInParts(body, form, at);
  else statements(body, { ...at, ...(form === 'sized' ? { outermost: { end: primary('size') } } : {}) });
  const describe = (buffers: readonly Buffer[]): string =>
    buffers.map((buffer) => `${scope.memory(buffer)} ${formatType(buffer)}`).join(', ');
  return {
    kind: 'function',
    doc: [commentText(`${kernel.name}: ${describe(kernel.inputs)} → ${describe(kernel.outputs)}`)],
    name,
    params: [
      ...operands.map((buffer) => ({ name: scope.memory(buffer), type: arrayOf[buffer.dtype] })),
      ...extra.map((argument) => ({ name: argument, type: 'number' })),
    ],
    returns: 'void',
    body: [...scope.declarations, ...block.text()],
  };
}

/** What stands before the last loop runs once, with the first part; values that the loop uses are computed each time. */
function statementsInParts(body: readonly Stmt[], { inner: each }: Parts, at: Place): void {
  const last = body.at(-1);
  const before = body.slice(0, -1);
  invariant(last?.kind === 'for', 'a kernel in parts ends in a loop');
  const once = before.filter(({ kind }) => kind !== 'let');
  if (once.length > 0) {
    const inner = new Block(at.block);
    statements(once, { ...at, block: inner });
    at.block.nest('if (start === 0)', inner);
  }
  statements(
    before.filter(({ kind }) => kind === 'let'),
    at,
  );
  const outermost = { start: primary('start'), end: primary('end') };
  loop(last, { ...at, outermost: each === undefined ? outermost : { ...outermost, each } });
}

/** Register buffers of which every access has a constant place are single variables; the others small arrays. */
function registerArrays(body: readonly Stmt[]): ReadonlySet<Buffer> {
  const arrays = new Set<Buffer>();
  let indexed = false;
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'alloc' && stmt.buffer.space === 'register' && stmt.buffer.shape.length > 0)
      indexed = true;
  });
  if (!indexed) return arrays;
  const see = (buffer: Buffer, index: readonly Index[]): void => {
    const constant = index.every((place) => 'terms' in place && place.terms.length === 0);
    if (buffer.space === 'register' && !constant) arrays.add(buffer);
  };
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'store' || stmt.kind === 'accumulate') see(stmt.buffer, stmt.index);
    for (const expr of exprsOf(stmt)) {
      visitExpr(expr, (e) => {
        if (e.kind === 'load') see(e.buffer, e.index);
      });
    }
  });
  return arrays;
}

/** Where a statement is printed, and what is known of the axes there. */
export interface Place extends Context {
  readonly interval: IntervalOf;
  /** Arguments in place of the bounds of the loops that stand here. */
  readonly outermost?: { readonly start?: Text; readonly end: Text; readonly each?: number };
}

export function statements(body: readonly Stmt[], at: Place): void {
  for (const stmt of body) statement(stmt, at);
  at.scope.declarePending(at.block);
}

function statement(stmt: Stmt, at: Place): void {
  switch (stmt.kind) {
    case 'for':
      return loop(stmt, at);
    case 'if':
      return branch(stmt, at);
    case 'let': {
      const text = stmt.local.dtype === 'bool' ? condition(stmt.value, at) : value(stmt.value, at);
      at.block.push(`const ${at.scope.declare(stmt.local, at.block)} = ${text.text};`);
      return;
    }
    case 'alloc':
      return at.scope.allocate(stmt.buffer, at.block);
    case 'store':
    case 'accumulate':
      return at.scope.isVariable(stmt.buffer) ? assign(stmt, at) : write(stmt, at);
    case 'barrier':
      return;
    case 'all_reduce':
      return invariant(false, 'a kernel for a GPU');
    default:
      return stmt satisfies never;
  }
}

/** The new value; with `round`, rounded here and not by the array that takes it. */
function written(stmt: Write, at: Place, target: Text, round: boolean): Text {
  if (stmt.kind === 'store') return value(stmt.value, at, round);
  return combined(stmt.combine, stmt.buffer.dtype, at, target, value(stmt.value, at), round);
}

function assign(stmt: Write, at: Place): void {
  const { block, scope } = at;
  const variable = scope.variable(stmt.buffer, stmt.index);
  if (stmt.kind === 'accumulate') scope.declarePending(block);
  const { text } = written(stmt, at, primary(variable), true);
  block.push(`${scope.takePending(variable) ? 'let ' : ''}${variable} = ${text};`);
}

function write(stmt: Write, at: Place): void {
  const { block, scope } = at;
  const target = element(scope.memory(stmt.buffer), place(stmt, at));
  // An array of floats rounds what it is given.
  const text = written(stmt, at, target, stmt.buffer.dtype !== 'f32');
  const fits = block.indent + target.text.length + text.text.length + 4 <= lineWidth;
  block.push(`${target.text} = ${(fits ? text : named(at, text)).text};`);
}

function loop(stmt: For, at: Place): void {
  invariant(typeof stmt.mode === 'string', 'a loop bound to a GPU index in a TypeScript kernel');
  const { block, scope, interval, outermost, ...rest } = at;
  scope.declarePending(block);
  const bounds = boundsOfRange(stmt.range, interval);
  if (bounds.low > bounds.high) return;
  const { each, start, end: last } = outermost ?? {};
  const part = (bound: Text): Text => (each === undefined ? bound : binary('/', bound, number(each)));
  const from = start === undefined ? extreme('max', stmt.range.from, at) : part(start);
  let end = last === undefined ? extreme('min', stmt.range.to, at) : part(last);
  if (end.op !== undefined || end.text.includes('(')) end = named(at, end, `${stmt.axis.name}_end`);
  const inner = new Block(block, stmt);
  const axis = scope.open(stmt.axis, inner, last?.text === 'size' ? 'i' : stmt.axis.name);
  const known: IntervalOf = (other) => (other === stmt.axis ? bounds : interval(other));
  const body = { ...rest, block: inner, scope, interval: known };
  if (outermost?.start && each !== undefined) {
    const before = binary('*', primary(axis), number(each));
    const first = call('Math.max', binary('-', outermost.start, before), number(0));
    const limit = call('Math.min', binary('-', outermost.end, before), number(each));
    statements(stmt.body, { ...body, outermost: { start: first, end: limit } });
  } else statements(stmt.body, body);
  const first = from.op === '/' ? call('Math.floor', from) : from;
  block.nest(`for (let ${axis} = ${first.text}; ${axis} < ${end.text}; ${axis}++)`, inner);
}

/** The largest or smallest of loop bounds. */
function extreme(pick: 'min' | 'max', bounds: readonly (Quotient | 'N')[], at: Place): Text {
  const constants: number[] = [];
  const others: Text[] = [];
  for (const bound of bounds) {
    if (bound === 'N') others.push(primary('N'));
    else if (bound.numerator.terms.length === 0)
      constants.push(Math.floor(bound.numerator.constant / bound.divisor));
    else {
      const index = at.scope.index(at.scope.sums.of(bound.numerator), at.block);
      const { divisor } = bound;
      others.push(divisor === 1 ? index : call('Math.floor', binary('/', index, number(divisor))));
    }
  }
  const all = constants.length > 0 ? [number(Math[pick](...constants)), ...others] : others;
  const [only] = all;
  invariant(only, 'a loop without bounds');
  return all.length === 1 ? only : call(`Math.${pick}`, ...all);
}

function branch(stmt: StmtOf<'if'>, at: Place): void {
  const { block, scope, interval } = at;
  const tests: Text[] = [];
  for (const { index, extent } of stmt.conditions) {
    const { low, high } = boundsOf(index, interval);
    if (high < 0 || (extent !== 'N' && low >= extent)) return;
    const above = low >= 0;
    const below = extent === 'N' ? alwaysInside(index, extent, interval) : high < extent;
    if (above && below) continue;
    const sum = scope.index(scope.sums.of(index), block);
    const text = sum.op === undefined ? sum : named(at, sum, 'i');
    if (!above) tests.push(binary('>=', text, number(0)));
    if (!below) tests.push(binary('<', text, extent === 'N' ? primary('N') : number(extent)));
  }
  if (tests.length === 0) return statements(stmt.body, at);
  scope.declarePending(block);
  const inner = new Block(block);
  statements(stmt.body, { ...at, block: inner });
  block.nest(`if (${tests.reduce((a, b) => binary('&&', a, b)).text})`, inner);
}
