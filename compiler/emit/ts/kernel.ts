/** One kernel of the Loop IR as one JavaScript function. */
import { invariant } from '../../base/invariant.ts';
import type { DType } from '../../base/types.ts';
import { formatType } from '../../base/types.ts';
import { addAffine } from '../../loop/affine.ts';
import { alwaysHolds, boundsOf, boundsOfRange } from '../../loop/bounds.ts';
import type { IntervalOf } from '../../loop/bounds.ts';
import { wholeInterval } from '../../loop/bounds.ts';
import type { Affine, Axis, Buffer, Condition, Kernel, Quotient, Stmt } from '../../loop/ir.ts';
import { visitExpr, visitStmts, exprsOf } from '../../loop/rewrite.ts';
import { Block } from './block.ts';
import type { Text } from './expression.ts';
import { binary, call, element, number, primary } from './expression.ts';
import { KernelScope } from './kernel-scope.ts';
import { combined, condition, rounded, value } from './kernel-value.ts';
import { NameScope } from './names.ts';
import type { FunctionNode } from './tree.ts';
import { unroll } from './unroll.ts';

export const arrayOf: Readonly<Record<DType, string>> = {
  f32: 'Float32Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
  u8: 'Uint8Array',
  bool: 'Uint8Array',
};

/** Prints `kernel` as the function `name(inputs…, outputs…, scratch…, N)`. `names` are those of the module. */
export function kernelFunction(kernel: Kernel, name: string, names: NameScope): FunctionNode {
  const body = unroll(kernel.body);
  const operands = [...kernel.inputs, ...kernel.outputs, ...scratchOf(body)];
  const counts = new Map<number, number>();
  const print = (counting: boolean): { scope: KernelScope; lines: readonly string[] } => {
    const scope = new KernelScope(operands, registerLayout(body), new NameScope(names), counts, counting);
    const block = new Block();
    statements(body, block, scope, wholeInterval);
    return { scope, lines: [...scope.declarations, ...block.text()] };
  };
  print(true);
  const { scope, lines } = print(false);
  const describe = (buffers: readonly Buffer[]): string =>
    buffers.map((buffer) => `${scope.memory(buffer)} ${formatType(buffer)}`).join(', ');
  return {
    kind: 'function',
    doc: [`${kernel.name}: ${describe(kernel.inputs)} → ${describe(kernel.outputs)}`],
    name,
    params: [
      ...operands.map((buffer) => ({ name: scope.memory(buffer), type: arrayOf[buffer.dtype] })),
      { name: 'N', type: 'number' },
    ],
    returns: 'void',
    body: lines,
  };
}

export function scratchOf(body: readonly Stmt[]): readonly Buffer[] {
  const buffers: Buffer[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'alloc' && stmt.buffer.space === 'scratch') buffers.push(stmt.buffer);
  });
  return buffers;
}

/** Register buffers of which every access has a constant place are single variables; the others small arrays. */
function registerLayout(body: readonly Stmt[]): ReadonlySet<Buffer> {
  const arrays = new Set<Buffer>();
  const see = (buffer: Buffer, index: readonly (Affine | { readonly clamped: unknown })[]): void => {
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

const writesMemory = (body: readonly Stmt[]): boolean => {
  let writes = false;
  visitStmts(body, (stmt) => {
    if ((stmt.kind === 'store' || stmt.kind === 'accumulate') && stmt.buffer.space !== 'register') writes = true;
  });
  return writes;
};

function statements(body: readonly Stmt[], block: Block, scope: KernelScope, interval: IntervalOf): void {
  for (const stmt of body) statement(stmt, block, scope, interval);
  scope.declarePending(block);
}

function statement(stmt: Stmt, block: Block, scope: KernelScope, interval: IntervalOf): void {
  switch (stmt.kind) {
    case 'for':
      return loop(stmt, block, scope, interval);
    case 'if':
      return branch(stmt, block, scope, interval);
    case 'let': {
      const isBool = stmt.local.dtype === 'bool';
      const text = isBool ? condition(stmt.value, block, scope) : value(stmt.value, block, scope);
      block.push(`const ${scope.local(stmt.local)} = ${text.text};`);
      return;
    }
    case 'alloc':
      scope.allocate(stmt.buffer, block);
      return;
    case 'store':
    case 'accumulate':
      return write(stmt, block, scope);
    case 'barrier':
      return;
    default:
      return stmt satisfies never;
  }
}

function write(stmt: Stmt & { kind: 'store' | 'accumulate' }, block: Block, scope: KernelScope): void {
  const { buffer, index } = stmt;
  // An array of floats rounds what it is given.
  const rounds = buffer.dtype === 'f32' && !scope.isVariable(buffer);
  const update = (place: Text): Text => {
    if (stmt.kind === 'store') return value(stmt.value, block, scope, !rounds);
    return combined(stmt.combine, buffer.dtype, place, value(stmt.value, block, scope));
  };
  if (scope.isVariable(buffer)) {
    const variable = scope.variable(buffer, index);
    if (stmt.kind === 'accumulate') scope.declarePending(block);
    const text = update(primary(variable)).text;
    block.push(scope.takePending(variable) ? `let ${variable} = ${text};` : `${variable} = ${text};`);
    return;
  }
  const place = element(scope.memory(buffer), scope.place(buffer, index, block));
  block.push(`${place.text} = ${rounds && stmt.kind === 'accumulate' ? update(place).text : update(place).text};`);
  if (buffer.space !== 'register') block.forgetLoads();
}

function loop(stmt: Stmt & { kind: 'for' }, block: Block, scope: KernelScope, interval: IntervalOf): void {
  invariant(typeof stmt.mode === 'string', 'a loop bound to a GPU index in a TypeScript kernel');
  scope.declarePending(block);
  const bounds = boundsOfRange(stmt.range, interval);
  if (bounds.low > bounds.high) return;
  const from = extreme('Math.max', stmt.range.from.map((q) => quotient(q, block, scope)));
  const to = extreme('Math.min', stmt.range.to.map((q) => (q === 'N' ? primary('N') : quotient(q, block, scope))));
  if (writesMemory(stmt.body)) block.forgetLoads();
  const inner = new Block(block, stmt.axis);
  scope.enter();
  const axis = scope.axis(stmt.axis);
  let end = to.text;
  if (to.op !== undefined || end.includes('(')) {
    end = scope.unique(`${axis}_end`);
    block.push(`const ${end} = ${to.text};`);
  }
  const known: IntervalOf = (other: Axis) => (other === stmt.axis ? bounds : interval(other));
  statements(stmt.body, inner, scope, known);
  scope.leave();
  block.nest(`for (let ${axis} = ${from.text}; ${axis} < ${end}; ${axis}++)`, inner);
}

function extreme(pick: 'Math.min' | 'Math.max', bounds: readonly Text[]): Text {
  const constants = bounds.filter(({ text }) => /^-?\d+$/.test(text)).map(({ text }) => Number(text));
  const others = bounds.filter(({ text }) => !/^-?\d+$/.test(text));
  const fold = pick === 'Math.min' ? Math.min : Math.max;
  const all = constants.length > 0 ? [number(fold(...constants)), ...others] : others;
  const [only] = all;
  invariant(only, 'a loop without bounds');
  return all.length === 1 ? only : call(pick, ...all);
}

function quotient({ numerator, divisor }: Quotient, block: Block, scope: KernelScope): Text {
  if (numerator.terms.length === 0) return number(Math.floor(numerator.constant / divisor));
  const index = scope.index(numerator, block);
  return divisor === 1 ? index : call('Math.floor', binary('/', index, number(divisor)));
}

function branch(stmt: Stmt & { kind: 'if' }, block: Block, scope: KernelScope, interval: IntervalOf): void {
  scope.declarePending(block);
  const open = stmt.conditions.filter((c) => !alwaysHolds(c, interval));
  const inner = new Block(block);
  const tests = open.flatMap((c) => tests_(c, block, scope, interval));
  if (tests === undefined) return;
  scope.enter();
  statements(stmt.body, inner, scope, interval);
  scope.leave();
  if (tests.length === 0) block.nest('', inner);
  else block.nest(`if (${tests.reduce((a, b) => binary('&&', a, b)).text})`, inner);
}
