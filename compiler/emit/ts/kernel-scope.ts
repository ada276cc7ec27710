import { identifier } from '../../base/identifier.ts';
import { invariant } from '../../base/invariant.ts';
import type { Affine, Axis, Buffer, Local, Stmt } from '../../loop/ir.ts';
import { arrayOf } from './arrays.ts';
import type { Block } from './block.ts';
import type { Text } from './expression.ts';
import { binary, number, primary } from './expression.ts';
import type { NameScope } from './names.ts';
import type { Sum } from './sums.ts';
import { Sums } from './sums.ts';

/** The names of one kernel function, and the values that its text shares. */
export class KernelScope {
  /** Arrays for registers that are indexed by a loop: made once per call. */
  readonly declarations: string[] = [];
  readonly sums: Sums;
  readonly #names: NameScope;
  readonly #memory = new Map<Buffer, string>();
  readonly #axes = new Map<Axis, string>();
  readonly #locals = new Map<Local, string>();
  readonly #arrays: ReadonlySet<Buffer>;
  readonly #variables = new Map<Buffer, Map<number, string>>();
  readonly #pending = new Set<string>();

  /** `arrays`: the register buffers that cannot be single variables. */
  constructor(
    body: readonly Stmt[],
    operands: readonly Buffer[],
    arrays: ReadonlySet<Buffer>,
    names: NameScope,
  ) {
    this.#names = names;
    this.#arrays = arrays;
    this.sums = new Sums(body, (buffer) => this.isVariable(buffer));
    for (const buffer of operands) this.#memory.set(buffer, names.unique(buffer.name));
  }

  /**
   * A name for what is declared in a block: none that stands for something else there, or in the blocks in which it is used.
   * Blocks that are not inside each other may have the same names: so loops that are alike look alike.
   */
  unique(wanted: string, block: Block, ...users: readonly Block[]): string {
    const isFree = (name: string): boolean =>
      !this.#names.has(name) && [block, ...users].every((user) => !user.knows(name));
    return block.declare(identifier(wanted), isFree);
  }

  memory(buffer: Buffer): string {
    const name = this.#memory.get(buffer);
    invariant(name !== undefined, `${buffer.name} is neither an operand nor allocated`);
    return name;
  }

  /** Names the variable of a loop with this body. */
  open(axis: Axis, body: Block, wanted = axis.name): string {
    const name = this.unique(wanted, body);
    this.#axes.set(axis, name);
    return name;
  }

  axis(axis: Axis): string {
    const name = this.#axes.get(axis);
    invariant(name !== undefined, `${axis.name} is used outside of its loop`);
    return name;
  }

  declare(local: Local, block: Block): string {
    const name = this.unique(local.name, block);
    this.#locals.set(local, name);
    return name;
  }

  local(local: Local): string {
    const name = this.#locals.get(local);
    invariant(name !== undefined, `${local.name} is used before it is computed`);
    return name;
  }

  /** Whether the buffer is kept in single variables. */
  isVariable(buffer: Buffer): boolean {
    return buffer.space === 'register' && !this.#arrays.has(buffer);
  }

  /** The variable at a constant place. */
  variable(buffer: Buffer, index: readonly Affine[]): string {
    const place = index.reduce((sum, { constant }, axis) => sum + constant * buffer.strides[axis]!, 0);
    const name = this.#variables.get(buffer)?.get(place);
    invariant(name !== undefined, `${buffer.name} is used before it is allocated`);
    return name;
  }

  allocate(buffer: Buffer, block: Block): void {
    if (buffer.space === 'scratch') return;
    invariant(buffer.space === 'register', 'workgroup memory in a TypeScript kernel');
    const size = buffer.shape.reduce<number>((product, extent) => product * Number(extent), 1);
    if (!this.isVariable(buffer)) {
      const name = this.#names.unique(buffer.name, (wanted) => !block.knows(wanted));
      this.#memory.set(buffer, name);
      this.declarations.push(`const ${name} = new ${arrayOf[buffer.dtype]}(${size});`);
      return;
    }
    const variables = new Map<number, string>();
    for (let place = 0; place < size; place++) {
      const name = this.unique(size === 1 ? buffer.name : `${buffer.name}${place}`, block);
      variables.set(place, name);
      this.#pending.add(name);
    }
    this.#variables.set(buffer, variables);
  }

  /** Declares the variables that have not been stored to yet: what follows may be a block of its own. */
  declarePending(block: Block): void {
    for (const name of this.#pending) block.push(`let ${name} = 0;`);
    this.#pending.clear();
  }

  /** Whether the store that comes now is the declaration. */
  takePending(variable: string): boolean {
    return this.#pending.delete(variable);
  }

  /** Index arithmetic: the part that depends on outer loops only is computed at the start of their bodies. */
  index({ constant, terms, key }: Sum, block: Block, hint = 'i'): Text {
    if (terms.length === 0) return number(constant);
    const [term, more] = terms;
    if (term !== undefined && more === undefined && term.factor < 0 && constant > 0)
      return binary('-', number(constant), this.#product(term));
    const base = this.#base(terms, key, block, hint, block);
    if (constant === 0) return base;
    return binary(constant > 0 ? '+' : '-', base, number(Math.abs(constant)));
  }

  /** A sum gets a name where it is computed in an outer loop or needed more than once. */
  #base(terms: Affine['terms'], key: string, block: Block, hint: string, user: Block): Text {
    const owner = block.loopOver(terms);
    const loop = owner?.loop;
    const last = terms.find(({ axis }) => axis === loop?.axis);
    invariant(owner && loop && last, 'an index over an axis that is not of an open loop');
    const name = this.axis(last.axis);
    if (terms.length === 1 && last.factor === 1) return primary(name);
    const known = owner.bases.get(key);
    if (known !== undefined) {
      known.uses++;
      return primary(known.name);
    }
    const sum = this.#sum(last, terms, owner, hint, user);
    if (owner === block && this.sums.usesIn(loop, key) < 2) return sum;
    const base = { name: this.unique(`${hint}_${name}`, owner, user), sum, uses: 1 };
    owner.header.push(base);
    owner.bases.set(key, base);
    return primary(base.name);
  }

  #sum(last: Affine['terms'][number], terms: Affine['terms'], owner: Block, hint: string, user: Block): Text {
    const term = this.#product(last);
    if (terms.length === 1) return last.factor > 0 ? term : binary('-', number(0), term);
    const rest = terms.filter((other) => other !== last);
    const base = this.#base(rest, this.sums.keyOf(rest), owner, hint, user);
    return binary(last.factor > 0 ? '+' : '-', base, term);
  }

  /** An axis times the size of its factor. */
  #product({ axis, factor }: Affine['terms'][number]): Text {
    const name = primary(this.axis(axis));
    const size = Math.abs(factor);
    return size === 1 ? name : binary('*', name, number(size));
  }
}
