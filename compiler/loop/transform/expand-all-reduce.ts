import { addAffine, affine, scaleAffine } from '../affine.ts';
import { boundKernel } from '../bound.ts';
import { denseBuffer } from '../builder.ts';
import type { Affine, Axis, Buffer, Expr, Kernel, Stmt, StmtOf } from '../ir.ts';
import { serial, visitStmts, withBody } from '../rewrite.ts';
import { namesBeside } from './find.ts';

type AllReduce = StmtOf<'all_reduce'>;

/**
 * for t in T bind { S; all_reduce op r over t }  →
 *
 * alloc workgroup part[T]; for t in T bind {
 *   S; part[t] = r; barrier; if t < R { for j in T/R - 1 { part[t] op= part[t + R·(j + 1)] } }; barrier
 *   r = part[0]; for j in R - 1 { r op= part[j + 1] }
 * }
 *
 * What every device can do: R = √T of the threads combine what T have. Several of these, one behind the other, share barriers.
 */
export function expandAllReduce(kernel: Kernel): Kernel {
  return hasAllReduce(kernel) ? { ...kernel, body: new Expanding(kernel).outside(kernel.body) } : kernel;
}

function hasAllReduce({ body }: Kernel): boolean {
  let has = false;
  visitStmts(body, ({ kind }) => (has ||= kind === 'all_reduce'));
  return has;
}

class Expanding {
  readonly #threads: readonly Axis[];
  readonly #name: (wanted: string) => string;
  readonly #shared: Buffer[] = [];

  constructor(kernel: Kernel) {
    this.#threads = Object.values(boundKernel(kernel).threads).map(({ axis }) => axis);
    this.#name = namesBeside(kernel);
  }

  /** Memory of a workgroup goes outside of the first loop over threads. */
  outside(body: readonly Stmt[]): readonly Stmt[] {
    return body.flatMap((stmt): readonly Stmt[] => {
      if (stmt.kind !== 'for') return [stmt];
      if (stmt.axis !== this.#threads[0]) return [withBody(stmt, this.outside(stmt.body))];
      const loop = withBody(stmt, this.#inside(stmt.body));
      return [...this.#shared.map((buffer): Stmt => ({ kind: 'alloc', buffer })), loop];
    });
  }

  #inside(body: readonly Stmt[]): readonly Stmt[] {
    const [only] = body;
    if (only?.kind === 'for' && this.#threads.includes(only.axis))
      return [withBody(only, this.#inside(only.body))];
    const result: Stmt[] = [];
    let run: AllReduce[] = [];
    const flush = (): void => {
      result.push(...this.#expanded(run));
      run = [];
    };
    for (const stmt of body) {
      if (stmt.kind !== 'all_reduce' || run.some(({ axis }) => axis !== stmt.axis)) flush();
      if (stmt.kind === 'all_reduce') run.push(stmt);
      else result.push(stmt);
    }
    flush();
    return result;
  }

  #expanded(run: readonly AllReduce[]): readonly Stmt[] {
    const [first] = run;
    if (first === undefined) return [];
    const adders = 2 ** Math.ceil(Math.log2(Number(first.axis.extent)) / 2);
    const sums = run.map((stmt) => this.#sum(stmt, adders));
    return [
      ...sums.map(({ publish }) => publish),
      { kind: 'barrier' },
      {
        kind: 'if',
        conditions: [{ index: affine(first.axis), extent: adders }],
        body: sums.map(({ add }) => add),
      },
      { kind: 'barrier' },
      ...sums.flatMap(({ collect }) => collect),
    ];
  }

  #sum(
    { buffer: register, combine, axis }: AllReduce,
    adders: number,
  ): { readonly publish: Stmt; readonly add: Stmt; readonly collect: readonly Stmt[] } {
    const { dtype, name } = register;
    const threads = Number(axis.extent);
    // Threads side by side use places side by side.
    const others = this.#threads.filter((other) => other !== axis).toReversed();
    const shape = [threads, ...others.map(({ extent }) => extent)];
    const buffer = denseBuffer(this.#name(`${name}_parts`), dtype, shape, 'workgroup');
    this.#shared.push(buffer);
    const at = (place: Affine): readonly Affine[] => [place, ...others.map(affine)];
    const load = (place: Affine): Expr => ({ kind: 'load', buffer, index: at(place) });
    const own = affine(axis);
    const over = (suffix: string, extent: number): Axis => ({
      name: this.#name(`${name}_${suffix}`),
      extent,
    });
    const [row, part] = [over('row', threads / adders - 1), over('part', adders - 1)];
    const other = addAffine(addAffine(own, adders), scaleAffine(row, adders));
    const combined = { kind: 'accumulate', combine } as const;
    const value: Expr = { kind: 'load', buffer: register, index: [] };
    return {
      publish: { kind: 'store', buffer, index: at(own), value },
      add: serial(row, [{ ...combined, buffer, index: at(own), value: load(other) }]),
      collect: [
        { kind: 'store', buffer: register, index: [], value: load(affine(0)) },
        serial(part, [{ ...combined, buffer: register, index: [], value: load(addAffine(part, 1)) }]),
      ],
    };
  }
}
