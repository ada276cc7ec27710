/** Reads kernels as print.ts writes them. For tests and tools: text that is not a kernel is an InvariantError. */
import { invariant } from '../base/invariant.ts';
import type { DType, Extent } from '../base/types.ts';
import { dtypes } from '../base/types.ts';
import { addAffine, affine, sameAffine, scaleAffine } from './affine.ts';
import { bindings } from './bound.ts';
import { denseStrides } from './builder.ts';
import { ExprParser } from './parse-expr.ts';
import { batchAxis } from './ir.ts';
import type {
  Affine,
  Axis,
  Buffer,
  Combine,
  Condition,
  Index,
  Kernel,
  Local,
  Quotient,
  Range,
  Stmt,
} from './ir.ts';
import type { Trait } from '../base/trait.ts';
import { Tokens } from './tokens.ts';

/** The kernel that `printKernel` wrote. */
export function parseKernel(text: string): Kernel {
  return new KernelParser(new Tokens(text)).kernel();
}

const kinds = [
  'elementwise',
  'contraction',
  'window',
  'reduction',
  'gather',
] as const satisfies readonly Trait[];
const combines = ['add', 'max', 'min', 'mul', 'and', 'or'] as const satisfies readonly Combine[];
const spaces = ['register', 'scratch', 'workgroup'] as const satisfies readonly Buffer['space'][];

class KernelParser {
  readonly #tokens: Tokens;
  readonly #axes = new Map<string, Axis>([['N', batchAxis]]);
  readonly #buffers = new Map<string, Buffer>();
  readonly #locals = new Map<string, Local>();
  readonly #exprs: ExprParser;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
    this.#exprs = new ExprParser(tokens, {
      buffer: (name) => this.#buffers.get(name),
      local: (name) => this.#locals.get(name),
      affine: () => this.#affine(),
      index: () => this.#index(),
    });
  }

  kernel(): Kernel {
    const tokens = this.#tokens;
    tokens.expect('kernel');
    const name = tokens.name();
    tokens.expect('[');
    const kind = tokens.oneOf(kinds);
    tokens.expect(']');
    const inputs = this.#operands();
    tokens.expect('->');
    const outputs = this.#operands();
    const body = this.#block();
    tokens.end();
    return { name, kind, inputs, outputs, body };
  }

  #operands(): readonly Buffer[] {
    this.#tokens.expect('(');
    return this.#tokens.list(')', () => this.#declaration('global'));
  }

  #declaration(space: Buffer['space']): Buffer {
    const tokens = this.#tokens;
    const name = tokens.name();
    tokens.expect(':');
    const dtype = this.#dtype();
    tokens.expect('[');
    const shape = tokens.list(']', () => this.#extent());
    let strides = denseStrides(shape);
    if (tokens.take('strides')) {
      tokens.expect('[');
      strides = tokens.list(']', () => tokens.integer());
    }
    const offset = tokens.take('offset') ? tokens.integer() : 0;
    const isHalf = tokens.take('stored');
    if (isHalf) tokens.expect('f16');
    const known = this.#buffers.get(name);
    if (known !== undefined) return known;
    const buffer: Buffer = { name, dtype, shape, strides, offset, space, ...(isHalf && { stored: 'f16' }) };
    this.#buffers.set(name, buffer);
    return buffer;
  }

  #dtype(): DType {
    return this.#tokens.oneOf(dtypes);
  }

  #extent(): Extent {
    return this.#tokens.take('N') ? 'N' : this.#tokens.integer();
  }

  #block(): readonly Stmt[] {
    this.#tokens.expect('{');
    const body: Stmt[] = [];
    while (!this.#tokens.take('}')) body.push(this.#statement());
    return body;
  }

  #statement(): Stmt {
    const tokens = this.#tokens;
    if (tokens.take('for')) return this.#loop();
    if (tokens.take('if')) {
      const conditions = [this.#condition()];
      while (tokens.take('and')) conditions.push(this.#condition());
      return { kind: 'if', conditions, body: this.#block() };
    }
    if (tokens.take('let')) return this.#let();
    if (tokens.take('alloc')) return { kind: 'alloc', buffer: this.#declaration(tokens.oneOf(spaces)) };
    if (tokens.take('barrier')) return { kind: 'barrier' };
    if (tokens.take('all_reduce')) return this.#allReduce();
    return this.#write();
  }

  #loop(): Stmt {
    const tokens = this.#tokens;
    const name = tokens.name();
    tokens.expect(':');
    const extent = this.#extent();
    tokens.expect('in');
    const known = this.#axes.get(name);
    const axis = known ?? { name, extent };
    this.#axes.set(name, axis);
    const range = this.#range();
    const mode = tokens.takeOne(['unroll', 'vectorize', 'parallel']);
    if (mode !== undefined) return { kind: 'for', axis, range, mode, body: this.#block() };
    if (!tokens.take('bind')) return { kind: 'for', axis, range, mode: 'serial', body: this.#block() };
    tokens.expect('(');
    const bind = tokens.oneOf(bindings);
    tokens.expect(')');
    return { kind: 'for', axis, range, mode: { bind }, body: this.#block() };
  }

  #let(): Stmt {
    const tokens = this.#tokens;
    const name = tokens.name();
    tokens.expect(':');
    const dtype = this.#dtype();
    tokens.expect('=');
    const value = this.#exprs.expr();
    const local = this.#locals.get(name) ?? { name, dtype };
    this.#locals.set(name, local);
    return { kind: 'let', local, value };
  }

  #allReduce(): Stmt {
    const tokens = this.#tokens;
    const combine = this.#combine();
    const buffer = this.#buffer();
    tokens.expect('over');
    const name = tokens.name();
    const axis = this.#axes.get(name);
    invariant(axis !== undefined, `${name} is no axis`);
    return { kind: 'all_reduce', buffer, combine, axis };
  }

  #buffer(): Buffer {
    const name = this.#tokens.name();
    const buffer = this.#buffers.get(name);
    invariant(buffer !== undefined, `${name} is no buffer`);
    return buffer;
  }

  #combine(): Combine {
    return this.#tokens.oneOf(combines);
  }

  #write(): Stmt {
    const tokens = this.#tokens;
    const buffer = this.#buffer();
    tokens.expect('[');
    const index = tokens.list(']', () => this.#affine());
    if (tokens.take('=')) return { kind: 'store', buffer, index, value: this.#exprs.expr() };
    const combine = this.#combine();
    tokens.expect('=');
    return { kind: 'accumulate', buffer, index, combine, value: this.#exprs.expr() };
  }

  #range(): Range {
    const tokens = this.#tokens;
    const several = <T>(word: string, one: () => T): readonly T[] => {
      if (!tokens.take(word)) return [one()];
      tokens.expect('(');
      return tokens.list(')', one);
    };
    const from = several('max', () => this.#quotient());
    tokens.expect('..');
    const to = several('min', () => {
      const bound = this.#quotient();
      return bound.divisor === 1 && sameAffine(bound.numerator, affine(batchAxis)) ? ('N' as const) : bound;
    });
    return { from, to };
  }

  #quotient(): Quotient {
    const tokens = this.#tokens;
    if (!tokens.take('floor')) return { numerator: this.#affine(), divisor: 1 };
    tokens.expect('(');
    const parenthesised = tokens.take('(');
    const numerator = this.#affine();
    if (parenthesised) tokens.expect(')');
    tokens.expect('/');
    const divisor = tokens.integer();
    tokens.expect(')');
    return { numerator, divisor };
  }

  #condition(): Condition {
    const tokens = this.#tokens;
    tokens.expect('0');
    tokens.expect('<=');
    const index = this.#affine();
    tokens.expect('<');
    return { index, extent: this.#extent() };
  }

  #index(): Index {
    const tokens = this.#tokens;
    if (!tokens.take('clamp')) return this.#affine();
    tokens.expect('(');
    const clamped = this.#exprs.expr();
    tokens.expect(')');
    return { clamped };
  }

  /** `2 * oh + kh - 1` */
  #affine(): Affine {
    const tokens = this.#tokens;
    let sum = affine(0);
    let sign = tokens.take('-') ? -1 : 1;
    for (;;) {
      sum = addAffine(sum, scaleAffine(this.#term(), sign));
      if (tokens.take('+')) sign = 1;
      else if (tokens.take('-')) sign = -1;
      else return sum;
    }
  }

  #term(): Affine {
    const tokens = this.#tokens;
    const isNumber = tokens.isNumber();
    const factor = isNumber ? tokens.integer() : 1;
    if (isNumber && !tokens.take('*')) return affine(factor);
    const name = tokens.name();
    const axis = this.#axes.get(name);
    invariant(axis !== undefined, `${name} is no axis of an enclosing loop`);
    return scaleAffine(axis, factor);
  }
}
