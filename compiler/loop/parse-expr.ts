/** The expressions of printed kernels. */
import { invariant } from '../base/invariant.ts';
import { dtypes } from '../base/types.ts';
import { dtypeOf } from './builder.ts';
import type { Affine, BinaryOp, Buffer, CompareOp, Expr, Index, Local, UnaryOp } from './ir.ts';
import type { Tokens } from './tokens.ts';

/** What names stand for, and how indices are read. */
export interface Scope {
  readonly buffer: (name: string) => Buffer | undefined;
  readonly local: (name: string) => Local | undefined;
  readonly affine: () => Affine;
  readonly index: () => Index;
}

const unaryOps = [
  'neg',
  'abs',
  'exp',
  'log',
  'tanh',
  'sqrt',
  'floor',
  'ceil',
  'round',
  'sign',
  'not',
  'isfinite',
] as const satisfies readonly UnaryOp[];
const binaryCalls = [
  'min',
  'max',
  'and',
  'or',
  'xor',
  'shl',
  'shr',
  'rem',
] as const satisfies readonly BinaryOp[];
const compareOps = ['<', '<=', '>', '>=', '==', '!='] as const satisfies readonly CompareOp[];
const constants: Readonly<Record<string, Expr>> = {
  true: { kind: 'literal', dtype: 'bool', value: 1 },
  false: { kind: 'literal', dtype: 'bool', value: 0 },
  inf: { kind: 'literal', dtype: 'f32', value: Infinity },
  nan: { kind: 'literal', dtype: 'f32', value: NaN },
  N: { kind: 'batch' },
};

export class ExprParser {
  readonly #tokens: Tokens;
  readonly #scope: Scope;

  constructor(tokens: Tokens, scope: Scope) {
    this.#tokens = tokens;
    this.#scope = scope;
  }

  expr(): Expr {
    const a = this.#sum();
    const op = this.#tokens.takeOne(compareOps);
    return op === undefined ? a : { kind: 'compare', op, a, b: this.#sum() };
  }

  #sum(): Expr {
    return this.#leftToRight({ '+': 'add', '-': 'sub' }, () =>
      this.#leftToRight({ '*': 'mul', '/': 'div' }, () => this.#primary()),
    );
  }

  #leftToRight(symbols: Readonly<Record<string, BinaryOp>>, operand: () => Expr): Expr {
    let a = operand();
    for (let op = symbols[this.#tokens.peek()]; op !== undefined; op = symbols[this.#tokens.peek()]) {
      this.#tokens.next();
      a = { kind: 'binary', op, dtype: dtypeOf(a), a, b: operand() };
    }
    return a;
  }

  #primary(): Expr {
    const tokens = this.#tokens;
    if (tokens.take('(')) {
      const inner = this.expr();
      tokens.expect(')');
      return inner;
    }
    if (tokens.take('-')) {
      const literal = this.#primary();
      invariant(literal.kind === 'literal', 'a sign belongs to a number; neg(…) is the operation');
      return { ...literal, value: -literal.value };
    }
    if (tokens.isNumber()) return numberOf(tokens.next());
    const name = tokens.name();
    if (tokens.take('(')) return this.#call(name);
    if (tokens.take('[')) return this.#load(name);
    const local = this.#scope.local(name);
    if (local !== undefined) return { kind: 'local', local };
    const constant = constants[name];
    if (constant !== undefined) return constant;
    const reduced = dtypes.find((dtype) => name === `reduced_${dtype}`);
    invariant(reduced !== undefined, `${name} is no local`);
    return { kind: 'reduced', dtype: reduced };
  }

  #load(name: string): Expr {
    const buffer = this.#scope.buffer(name);
    invariant(buffer !== undefined, `${name} is no buffer`);
    return { kind: 'load', buffer, index: this.#tokens.list(']', () => this.#scope.index()) };
  }

  #call(name: string): Expr {
    if (name === 'index') {
      const index = this.#scope.affine();
      this.#tokens.expect(')');
      return { kind: 'index', index };
    }
    const [a, b, c] = this.#tokens.list(')', () => this.expr());
    invariant(a !== undefined, `${name} needs operands`);
    const operation = unaryOps.find((op) => op === name);
    if (operation !== undefined) return unary(operation, a);
    const cast = dtypes.find((dtype) => dtype === name);
    if (cast !== undefined) return { kind: 'cast', dtype: cast, x: a };
    const bits = (['f32', 'i32', 'u32'] as const).find((dtype) => name === `bits_${dtype}`);
    if (bits !== undefined) return { kind: 'bitcast', dtype: bits, x: a };
    invariant(b !== undefined, `${name} needs two operands`);
    const op = binaryCalls.find((known) => known === name);
    if (op !== undefined) return { kind: 'binary', op, dtype: dtypeOf(a), a, b };
    invariant(name === 'select' && c !== undefined, `${name} is no operation`);
    return { kind: 'select', dtype: dtypeOf(b), condition: a, a: b, b: c };
  }
}

function unary(op: UnaryOp, x: Expr): Expr {
  return { kind: 'unary', op, dtype: op === 'not' || op === 'isfinite' ? 'bool' : dtypeOf(x), x };
}

function numberOf(word: string): Expr {
  const suffix = (['i32', 'u32', 'u8'] as const).find((dtype) => word.endsWith(dtype));
  const digits = suffix === undefined ? word : word.slice(0, -suffix.length);
  return { kind: 'literal', dtype: suffix ?? 'f32', value: Number(digits) };
}
