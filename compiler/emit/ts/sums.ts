import { affine } from '../../loop/affine.ts';
import type { Affine, Axis, Buffer, For, Index, Stmt } from '../../loop/ir.ts';
import { bodyOf, exprsOf, visitExpr } from '../../loop/rewrite.ts';

/** Index arithmetic as it is printed: the terms, which have a name where they are needed often, apart from the constant. */
export interface Sum {
  readonly constant: number;
  readonly terms: Affine['terms'];
  /** Equal for equal terms, within one kernel. */
  readonly key: string;
}

/** An element of a buffer that is read or written. */
export interface Access {
  readonly buffer: Buffer;
  readonly index: readonly Index[];
}

/** The sums of index terms in a kernel, and how often its text needs each of them. */
export class Sums {
  readonly #ids = new Map<Axis, number>();
  readonly #known = new Map<Affine | Access, Sum>();
  readonly #uses = new Map<For, Map<string, number>>();

  /** `isVariable`: buffers whose accesses need no index. */
  constructor(body: readonly Stmt[], isVariable: (buffer: Buffer) => boolean) {
    this.#count(body, [], isVariable);
  }

  of(index: Affine): Sum {
    const known = this.#known.get(index);
    if (known !== undefined) return known;
    const { constant, terms } = index;
    const sum = { constant, terms, key: this.keyOf(terms) };
    this.#known.set(index, sum);
    return sum;
  }

  /** The place of an element, from the start of the buffer's memory; 0 in the place of a computed index. */
  at(access: Access): Sum {
    const known = this.#known.get(access);
    if (known !== undefined) return known;
    const sum = this.of(flatten(access));
    this.#known.set(access, sum);
    return sum;
  }

  keyOf(terms: Affine['terms']): string {
    const [term, more] = terms;
    if (term === undefined) return '';
    if (more === undefined) return `${this.#id(term.axis)}*${term.factor}`;
    return terms
      .map(({ axis, factor }) => `${this.#id(axis)}*${factor}`)
      .sort()
      .join('+');
  }

  /** How often the body of the loop, the innermost that the terms depend on, needs their sum. */
  usesIn(loop: For, key: string): number {
    return this.#uses.get(loop)?.get(key) ?? 0;
  }

  #id(axis: Axis): number {
    const id = this.#ids.get(axis) ?? this.#ids.size;
    this.#ids.set(axis, id);
    return id;
  }

  #count(body: readonly Stmt[], loops: readonly For[], isVariable: (buffer: Buffer) => boolean): void {
    const use = ({ terms, key }: Sum): void => {
      const loop = loops.find(({ axis }) => terms.some((term) => term.axis === axis));
      const uses = loop && this.#uses.get(loop);
      uses?.set(key, (uses.get(key) ?? 0) + 1);
    };
    for (const stmt of body) {
      if ((stmt.kind === 'store' || stmt.kind === 'accumulate') && !isVariable(stmt.buffer))
        use(this.at(stmt));
      if (stmt.kind === 'if') for (const { index } of stmt.conditions) use(this.of(index));
      for (const expr of exprsOf(stmt))
        visitExpr(expr, (e) => {
          if (e.kind === 'index') use(this.of(e.index));
          if (e.kind === 'load' && !isVariable(e.buffer)) use(this.at(e));
        });
      if (stmt.kind !== 'for') {
        this.#count(bodyOf(stmt), loops, isVariable);
        continue;
      }
      for (const q of [...stmt.range.from, ...stmt.range.to]) if (q !== 'N') use(this.of(q.numerator));
      this.#uses.set(stmt, new Map());
      this.#count(stmt.body, [stmt, ...loops], isVariable);
    }
  }
}

function flatten({ buffer, index }: Access): Affine {
  const factors = new Map<Axis, number>();
  let constant = buffer.offset;
  index.forEach((place, i) => {
    if ('clamped' in place) return;
    const stride = buffer.strides[i]!;
    constant += place.constant * stride;
    for (const { axis, factor } of place.terms) factors.set(axis, (factors.get(axis) ?? 0) + factor * stride);
  });
  if (factors.size === 0) return affine(constant);
  const terms = [...factors].filter(([, factor]) => factor !== 0).map(([axis, factor]) => ({ axis, factor }));
  return { constant, terms };
}
