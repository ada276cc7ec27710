import { invariant } from '../../base/invariant.ts';
import type { Affine, Axis, Buffer, Local } from '../../loop/ir.ts';
import { arrayOf } from './arrays.ts';
import type { Block, Shared } from './block.ts';
import type { Text } from './expression.ts';
import { binary, number, primary } from './expression.ts';
import type { NameScope } from './names.ts';

/** The names of one kernel function, and the values that its text shares. */
export class KernelScope {
  /** Arrays for registers that are indexed by a loop: made once per call. */
  readonly declarations: string[] = [];
  readonly #names: NameScope;
  readonly #memory = new Map<Buffer, string>();
  readonly #axes = new Map<Axis, string>();
  readonly #axisNames = new Set<string>();
  readonly #activeAxes: string[] = [];
  readonly #locals = new Map<Local, string>();
  readonly #arrays: ReadonlySet<Buffer>;
  readonly #variables = new Map<Buffer, Map<number, string>>();
  readonly #pending = new Set<string>();
  /** For the keys of shared values. */
  readonly #ids = new Map<object, number>();
  readonly #counts: Map<number, number>;
  readonly #counting: boolean;
  #shared = 0;

  /** `arrays`: the register buffers that cannot be single variables. `counts`: uses of shared values, by their order. */
  constructor(
    operands: readonly Buffer[],
    arrays: ReadonlySet<Buffer>,
    names: NameScope,
    counts: Map<number, number>,
    counting: boolean,
  ) {
    this.#names = names;
    this.#arrays = arrays;
    this.#counts = counts;
    this.#counting = counting;
    for (const buffer of operands) this.#memory.set(buffer, this.unique(buffer.name));
  }

  unique(wanted: string): string {
    return this.#names.unique(wanted);
  }

  /** A number that stands for an axis or a buffer in keys. */
  id(thing: object): number {
    const id = this.#ids.get(thing) ?? this.#ids.size;
    this.#ids.set(thing, id);
    return id;
  }

  memory(buffer: Buffer): string {
    const name = this.#memory.get(buffer);
    invariant(name !== undefined, `${buffer.name} is neither an operand nor allocated`);
    return name;
  }

  /** Opens the loop over `axis`. Loops that are not inside each other may have the same variable. */
  open(axis: Axis, wanted = axis.name): string {
    const free = (name: string): boolean =>
      !this.#activeAxes.includes(name) && (this.#axisNames.has(name) || !this.#names.has(name));
    const name = this.#names.unique(wanted, free);
    this.#axes.set(axis, name);
    this.#axisNames.add(name);
    this.#activeAxes.push(name);
    return name;
  }

  close(): void {
    this.#activeAxes.pop();
  }

  axis(axis: Axis): string {
    const name = this.#axes.get(axis);
    invariant(name !== undefined, `${axis.name} is used outside of its loop`);
    return name;
  }

  local(local: Local): string {
    const name = this.#locals.get(local) ?? this.unique(local.name);
    this.#locals.set(local, name);
    return name;
  }

  /** Whether the buffer is kept in single variables. */
  isVariable(buffer: Buffer): boolean {
    return buffer.space === 'register' && !this.#arrays.has(buffer);
  }

  /** The variable at a constant place. */
  variable(buffer: Buffer, index: readonly Affine[]): string {
    const place = index.reduce(
      (sum, { constant }, axis) => sum + constant * (buffer.strides[axis] as number),
      0,
    );
    const name = this.#variables.get(buffer)?.get(place);
    invariant(name !== undefined, `${buffer.name} is used before it is allocated`);
    return name;
  }

  allocate(buffer: Buffer): void {
    if (buffer.space === 'scratch') return;
    invariant(buffer.space === 'register', 'workgroup memory in a TypeScript kernel');
    const size = buffer.shape.reduce<number>((product, extent) => product * Number(extent), 1);
    if (!this.isVariable(buffer)) {
      const name = this.unique(buffer.name);
      this.#memory.set(buffer, name);
      this.declarations.push(`const ${name} = new ${arrayOf[buffer.dtype]}(${size});`);
      return;
    }
    const variables = new Map<number, string>();
    for (let place = 0; place < size; place++) {
      const name = this.unique(size === 1 ? buffer.name : `${buffer.name}${place}`);
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

  /** Whether a variable still has no value. */
  isPending(variable: string): boolean {
    return this.#pending.has(variable);
  }

  /**
   * A value that may be needed again under `key` in `block`; `target` takes its declaration if it gets a name: when it is
   * used more than once, or `always`.
   */
  share(
    known: Map<string, Shared>,
    key: string,
    found: Shared | undefined,
    value: () => Text,
    declare: { readonly lines: string[]; readonly name: string; readonly always: boolean },
  ): Text {
    let shared = found;
    if (shared === undefined) {
      const id = this.#shared++;
      const text = value();
      shared = { id, text };
      if (this.#counting || declare.always || (this.#counts.get(id) ?? 0) > 1) {
        const name = this.unique(declare.name);
        declare.lines.push(`const ${name} = ${text.text};`);
        shared = { id, text: primary(name) };
      }
      known.set(key, shared);
    }
    if (this.#counting) this.#counts.set(shared.id, (this.#counts.get(shared.id) ?? 0) + 1);
    return shared.text;
  }

  /** Index arithmetic: the part that depends on outer loops only is computed at the start of their bodies. */
  index({ constant, terms }: Affine, block: Block, hint = 'i'): Text {
    if (terms.length === 0) return number(constant);
    const base = this.#base(terms, block, hint);
    if (constant === 0) return base;
    return binary(constant > 0 ? '+' : '-', base, number(Math.abs(constant)));
  }

  #base(terms: Affine['terms'], block: Block, hint: string): Text {
    const owner = block.loopOver(new Set(terms.map(({ axis }) => axis)));
    const last = terms.find(({ axis }) => axis === owner?.axis);
    invariant(owner && last, 'an index over an axis that is not of an open loop');
    const name = this.axis(last.axis);
    const rest = terms.filter((term) => term !== last);
    if (rest.length === 0 && last.factor === 1) return primary(name);
    const key = terms
      .map(({ axis, factor }) => `${this.id(axis)}*${factor}`)
      .sort()
      .join('+');
    const sum = (): Text => {
      const size = Math.abs(last.factor);
      const term = size === 1 ? primary(name) : binary('*', primary(name), number(size));
      if (rest.length === 0) return last.factor > 0 ? term : binary('-', number(0), term);
      return binary(last.factor > 0 ? '+' : '-', this.#base(rest, owner, hint), term);
    };
    const declare = { lines: owner.header, name: `${hint}_${name}`, always: owner !== block };
    return this.share(owner.bases, key, owner.bases.get(key), sum, declare);
  }

  /** The place of an element that affine indices give, in elements from the start of the buffer's memory. */
  flatten(buffer: Buffer, index: readonly Affine[]): Affine {
    const factors = new Map<Axis, number>();
    let constant = buffer.offset;
    index.forEach((place, i) => {
      const stride = buffer.strides[i] as number;
      constant += place.constant * stride;
      for (const { axis, factor } of place.terms)
        factors.set(axis, (factors.get(axis) ?? 0) + factor * stride);
    });
    const terms = [...factors]
      .filter(([, factor]) => factor !== 0)
      .map(([axis, factor]) => ({ axis, factor }));
    return { constant, terms };
  }
}
