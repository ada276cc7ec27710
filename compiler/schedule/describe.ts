/** A schedule in a few words: what its steps made of the loops. */
import { boundKernel } from '../loop/bound.ts';
import type { Kernel } from '../loop/ir.ts';
import { visitStmts } from '../loop/rewrite.ts';
import type { Step } from './steps.ts';

/** What stands behind the names of loops that steps make: `c_block`, `w_m_tile` → `c`, `w`. */
const original = (axis: string): string => axis.replace(/_.*$/u, '');

/** Loops keep their names when an axis around them is divided: `c_vec` is then `c_vec_p` and `c_vec_q`. */
const isPart = (axis: string, name: string): boolean => axis === name || axis.startsWith(`${name}_`);

type StepOf<Kind extends Step['step']> = Step & { readonly step: Kind };

/**
 * `4 w x 8 c tile, kernel staged per block of c, edges of w, h apart, parallel over c`; for a GPU `16 c x 4 w threads, 4 c at a
 * time`. `scheduled` is what the steps made.
 */
export function describeSchedule(steps: readonly Step[], scheduled: Kernel): string {
  const of = <Kind extends Step['step']>(kind: Kind): readonly StepOf<Kind>[] =>
    steps.filter((step): step is StepOf<Kind> => step.step === kind);
  if (steps.some(({ step }) => step === 'bind' || step === 'cooperate' || step === 'tile_contraction'))
    return bound(scheduled, of('cooperate'));
  // Whatever lowering made of a definition begins with this step.
  const built = of('collapse').length === 0;
  const parts = [
    built ? 'loops of the op itself' : tile(scheduled, of('jam'), of('split')),
    ...unique(of('stage').map(({ buffer, at }) => `${buffer} staged per block of ${original(at)}`)),
    edges(of('partition')),
    parallel(scheduled),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** The largest of the register tiles, edges apart: how far each jammed loop runs. */
function tile(scheduled: Kernel, jams: readonly StepOf<'jam'>[], splits: readonly StepOf<'split'>[]): string {
  const sizes = new Map<string, number>();
  const inside = jams.filter(({ axis }) => !/_[az](_|$)/u.test(axis));
  for (const { axis } of inside.length > 0 ? inside : jams) {
    const split = splits.find(({ block, inner }) => isPart(axis, block) || isPart(axis, inner));
    if (split === undefined) continue;
    // Channels are split twice: into blocks, and these into vectors.
    const outer = splits.find(({ inner }) => inner === split.axis);
    const name = original(axis);
    sizes.set(name, Math.max(sizes.get(name) ?? 0, (outer ?? split).size));
  }
  const lanes = lanesOf(scheduled);
  if (sizes.size === 0) return lanes.length === 0 ? 'one by one' : `4 ${lanes[0]} at a time`;
  const text = [...sizes]
    .toReversed()
    .map(([name, size]) => `${size} ${name}`)
    .join(' x ');
  return `${text} tile${lanes.length === 0 ? ' without vectors' : ''}`;
}

/** The threads of a workgroup, what each keeps in registers, and what they share. */
function bound(scheduled: Kernel, together: readonly StepOf<'cooperate'>[]): string {
  const { threads, shared, body } = boundKernel(scheduled);
  const own = Object.values(threads).filter(({ axis }) => together.length === 0 || axis.name !== 't');
  const counts = own.map(({ axis }) => `${axis.extent} ${original(axis.name)}`);
  const several = own.length > 1 || own.some(({ axis }) => axis.extent !== 1);
  const lanes = lanesOf(scheduled);
  let sums: readonly (number | string)[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'alloc' && stmt.buffer.shape.length > sums.length) sums = stmt.buffer.shape;
  });
  return [
    counts.length === 0 ? '' : `${counts.join(' x ')} thread${several ? 's' : ''}`,
    ...together.map(({ threads: many, over }) => {
      return `${many} ${counts.length === 0 ? 'threads' : 'of each'} share loops over ${over.map(original).join(', ')}`;
    }),
    sums.length > 1 ? `${sums.join('x')} tile each` : lanes.length > 0 ? `4 ${lanes[0]} at a time` : '',
    together.length > 0 || shared.length === 0
      ? ''
      : `${shared.map(({ name }) => original(name)).join(', ')} in workgroup memory`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function lanesOf({ body }: Kernel): readonly string[] {
  const names: string[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'for' && stmt.mode === 'vectorize') names.push(original(stmt.axis.name));
  });
  return unique(names);
}

function edges(partitions: readonly StepOf<'partition'>[]): string {
  const peeled = partitions.filter(({ parts }) => parts.some(({ suffix }) => suffix === '_m'));
  const names = unique(peeled.map(({ axis }) => original(axis)));
  return names.length === 0 ? '' : `edges of ${names.join(', ')} apart`;
}

function parallel({ body }: Kernel): string {
  const names: string[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'for' && stmt.mode === 'parallel') names.push(original(stmt.axis.name));
  });
  return names.length === 0 ? '' : `parallel over ${unique(names).join(', ')}`;
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];
