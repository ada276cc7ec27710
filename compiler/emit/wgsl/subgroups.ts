/**
 * What the threads of a workgroup combine, with subgroups: threads that run in lockstep and see one another's registers. How
 * many these are, and which threads they have, differs between devices; so each subgroup combines what all threads have put
 * into memory of the workgroup, a part in each of its lanes.
 */
import { invariant } from '../../base/invariant.ts';
import type { DType } from '../../base/types.ts';
import { boundKernel } from '../../loop/bound.ts';
import type { Combine, Kernel, StmtOf } from '../../loop/ir.ts';
import { visitStmts } from '../../loop/rewrite.ts';
import type { Value } from './expression.ts';
import { binary, call, literal, name, typeOf } from './expression.ts';
import type { NameScope } from './names.ts';
import { binaryValue } from './operations.ts';
import type { FunctionState, Scope } from './scope.ts';
import { element } from './value.ts';

type AllReduce = StmtOf<'all_reduce'>;

const reductionsOf = ({ body }: Kernel): readonly AllReduce[] => {
  const found: AllReduce[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'all_reduce') found.push(stmt);
  });
  return found;
};

/** Whether subgroups help: where all threads of a workgroup combine what they have. */
export const usesSubgroups = (kernel: Kernel): boolean =>
  reductionsOf(kernel).length > 0 && Object.keys(boundKernel(kernel).threads).length === 1;

/** Declares the memory of the reductions in a kernel; there is none where they are expanded. */
export function reductionTexts(kernel: Kernel, names: NameScope, state: FunctionState): readonly string[] {
  return reductionsOf(kernel).map((stmt) => {
    const { buffer, axis } = stmt;
    const parts = names.unique(`${buffer.name}_parts`);
    state.parts.set(stmt, parts);
    return `var<workgroup> ${parts}: array<${typeOf(buffer.dtype, false)}, ${axis.extent}>;`;
  });
}

/** How a thread knows its place: in the workgroup, and among those it runs in lockstep with. */
export interface Lane {
  readonly thread: string;
  readonly lane: string;
  readonly lanes: string;
}

export const laneOf = (scope: Scope): Lane => ({
  thread: scope.exact('thread_index'),
  lane: scope.exact('lane'),
  lanes: scope.exact('lanes'),
});

/** Counted, for a subgroup need not be full. */
export const laneTexts = ({ lane, lanes }: Lane): readonly string[] => [
  `let ${lane} = subgroupExclusiveAdd(1u);`,
  `let ${lanes} = subgroupAdd(1u);`,
];

export function allReduce(stmt: AllReduce, scope: Scope): void {
  const { buffer, combine, axis } = stmt;
  const { dtype } = buffer;
  const { parts, lane: own } = scope.state;
  const memory = parts.get(stmt);
  invariant(memory !== undefined && own !== undefined, `${buffer.name} is reduced without subgroups`);
  const register = element(buffer, [], scope);
  scope.touch(register.text);
  scope.push(`${memory}[${own.thread}] = ${register.text};`);
  scope.push('workgroupBarrier();');
  const neutral = neutralOf(combine, dtype);
  if (neutral !== undefined) scope.push(`${register.text} = ${literal(dtype, neutral).text};`);
  scope.pushBlock((body) => {
    const i = body.unique('i');
    body.push(combined(combine, register, name(`${memory}[${i}]`, dtype)));
    return `for (var ${i} = ${own.lane}; ${i} < ${axis.extent}u; ${i} += ${own.lanes})`;
  });
  const whole = call(functionOf(combine, dtype), dtype, register);
  const inRange = dtype === 'u8' && neutral !== undefined ? binary('&', whole, literal('u32', 255)) : whole;
  scope.push(`${register.text} = ${inRange.text};`);
}

function combined(combine: Combine, x: Value, y: Value): string {
  if (combine === 'add' && x.dtype !== 'bool' && x.dtype !== 'u8') return `${x.text} += ${y.text};`;
  return `${x.text} = ${binaryValue(combine, x.dtype, x, y).text};`;
}

/** What a register begins with; undefined where it may keep what it has, because that counts only once. */
function neutralOf(combine: Combine, dtype: DType): number | undefined {
  if (dtype === 'bool' || (combine !== 'add' && combine !== 'mul')) return undefined;
  return combine === 'add' ? 0 : 1;
}

function functionOf(combine: Combine, dtype: DType): string {
  const all = combine === 'and' || combine === 'mul' || combine === 'min';
  if (dtype === 'bool') return all ? 'subgroupAll' : 'subgroupAny';
  return functions[combine];
}

const functions: Readonly<Record<Combine, string>> = {
  add: 'subgroupAdd',
  mul: 'subgroupMul',
  max: 'subgroupMax',
  min: 'subgroupMin',
  and: 'subgroupAnd',
  or: 'subgroupOr',
};
