/** What kernels must satisfy whose loops are bound to workgroups and threads: see bound.ts. */
import { InvariantError } from '../base/invariant.ts';
import type { BoundKernel } from './bound.ts';
import { boundKernel } from './bound.ts';
import type { Axis, Kernel, Stmt } from './ir.ts';
import { axesOfRange, bodyOf, visitStmts } from './rewrite.ts';
import { countProblem } from './transform/bind.ts';

/** What is wrong with how a kernel is bound. Kernels that are not bound have no barriers and no memory of workgroups. */
export function boundProblems(kernel: Kernel): readonly string[] {
  const bound = partsOf(kernel);
  if (typeof bound === 'string') return [bound];
  const { workgroups, threads, body } = bound;
  const problems: string[] = [];
  for (const [loops, constant] of [
    [workgroups, false],
    [threads, true],
  ] as const)
    for (const { axis, range } of Object.values(loops)) {
      const problem = countProblem(range, constant);
      if (problem !== undefined) problems.push(`${axis.name} cannot be bound: ${problem}`);
    }
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'for' && typeof stmt.mode === 'object')
      problems.push(`${stmt.axis.name} is bound inside of something else`);
    if (stmt.kind === 'alloc' && stmt.buffer.space === 'workgroup')
      problems.push(`${stmt.buffer.name} is not shared by the threads around it`);
  });
  const axes = new Set(Object.values(threads).map(({ axis }) => axis));
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind !== 'all_reduce') return;
    const { buffer, axis } = stmt;
    if (!axes.has(axis)) problems.push(`${buffer.name} is reduced over ${axis.name}, which no threads have`);
    if (!body.includes(stmt)) problems.push(`${buffer.name} is reduced inside of a loop or condition`);
  });
  const divided = axes.size > 0 ? undefined : 'a kernel without threads';
  return [...problems, ...barrierProblems(body, axes, divided)];
}

function partsOf(kernel: Kernel): BoundKernel | string {
  try {
    return boundKernel(kernel);
  } catch (error) {
    if (error instanceof InvariantError) return error.message;
    throw error;
  }
}

/** Barriers that not all threads come by; `inside`: of what some threads may not run. */
function barrierProblems(
  body: readonly Stmt[],
  threads: ReadonlySet<Axis>,
  inside: string | undefined,
): readonly string[] {
  return body.flatMap((stmt) => {
    if (stmt.kind === 'barrier') return inside === undefined ? [] : [`a barrier stands in ${inside}`];
    return barrierProblems(bodyOf(stmt), threads, inside ?? dividing(stmt, threads));
  });
}

function dividing(stmt: Stmt, threads: ReadonlySet<Axis>): string | undefined {
  if (stmt.kind === 'if') return 'a condition';
  if (stmt.kind !== 'for') return undefined;
  const depends = [...axesOfRange(stmt.range)].some((axis) => threads.has(axis));
  const apart = depends || (stmt.mode !== 'serial' && stmt.mode !== 'unroll');
  return apart ? `the loop over ${stmt.axis.name}, which threads run differently` : undefined;
}
