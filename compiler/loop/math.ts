/**
 * exp, log and tanh as f32 arithmetic: one sequence for all CPU targets, hence the same bits on all of them. Errors over
 * all of f32 are at most 2 ulp for exp and log and 4 ulp for tanh; denormal arguments and results count. NaN gives NaN.
 * The polynomials are minimax fits of the functions named beside them.
 */
import type { DType } from '../base/types.ts';
import { DefinitionBuilder, dtypeOf } from './builder.ts';
import type { Expr, Local, Stmt, UnaryOp } from './ir.ts';

/** The operations that have a sequence. */
export const mathOps = ['exp', 'log', 'tanh'] as const;
export type MathOp = (typeof mathOps)[number];

export const isMath = (op: UnaryOp): op is MathOp => mathOps.some((known) => known === op);

/** The sequence of one operation as a function of one argument. */
interface MathFunction {
  readonly argument: Local;
  readonly body: readonly Stmt[];
  readonly result: Expr;
}

/** op(x)  →  let …; v. `exact`: operations that the target has itself, and that are exact enough as they are. */
export function mathFunction(op: MathOp, exact: readonly MathOp[] = []): MathFunction {
  const argument: Local = { name: 'x', dtype: 'f32' };
  const sequence = new Sequence(exact);
  const result = sequence[op]({ kind: 'local', local: argument });
  return { argument, body: sequence.stmts, result };
}

/** ln 2 in two parts; products of the first with whole numbers below 2^15 are exact. */
const ln2High = 0.693359375;
const ln2Low = -2.12194440054690583e-4;
/** Adding it to a small f32 leaves a whole number in the low bits: 1.5 · 2^23. */
const toWhole = 12582912;

/** (e^r - 1 - r) / r² for |r| <= ln 2 / 2 */
const expCoefficients = [
  0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.00836874544620514, 0.0013814539415761828,
];
/** (log(1 + m) - m + m²/2) / m³ for √½ - 1 <= m <= √2 - 1 */
const logCoefficients = [
  0.3333331346511841, -0.25000008940696716, 0.2000211924314499, -0.1666799634695053, 0.14219552278518677,
  -0.1240558922290802, 0.11888162046670914, -0.11675652116537094, 0.06746640056371689,
];
/** (tanh √z - √z) / (z √z) for z < 0.625² */
const tanhCoefficients = [
  -0.3333328366279602, 0.13331490755081177, -0.05374349653720856, 0.02065058797597885, -0.005717045161873102,
];

const b = new DefinitionBuilder();
const int = (value: number): Expr => b.literal(value, 'i32');

/** The statements that compute what the expressions it returns refer to. */
class Sequence {
  readonly stmts: Stmt[] = [];
  readonly #exact: readonly MathOp[];

  constructor(exact: readonly MathOp[]) {
    this.#exact = exact;
  }

  #let(name: string, value: Expr): Expr {
    if (value.kind === 'local' || value.kind === 'literal') return value;
    const local = { name, dtype: dtypeOf(value) satisfies DType };
    this.stmts.push({ kind: 'let', local, value });
    return { kind: 'local', local };
  }

  /** e^x = 2^k · e^r with k whole and |r| <= ln 2 / 2; 2^k in two factors, so that neither leaves the range. */
  exp(argument: Expr): Expr {
    // Beyond these bounds the result is 0 or infinite all the same.
    const x = this.#let('exp_x', b.min(b.max(argument, -104), 89));
    const k = this.#let('exp_k', b.sub(b.add(b.mul(x, 1 / Math.LN2), toWhole), toWhole));
    const r = this.#let('exp_r', b.sub(b.sub(x, b.mul(k, ln2High)), b.mul(k, ln2Low)));
    const p = this.#let('exp_p', polynomial(expCoefficients, r));
    const y = this.#let('exp_y', b.add(b.add(b.mul(p, b.mul(r, r)), r), 1));
    const whole = this.#let('exp_n', b.cast(k, 'i32'));
    const half = this.#let('exp_h', b.binary('shr', whole, 1));
    return b.mul(b.mul(y, powerOfTwo(half)), powerOfTwo(b.sub(whole, half)));
  }

  /** log x = e · ln 2 + log(1 + m) with x = 2^e · (1 + m) and √½ <= 1 + m < √2. */
  log(argument: Expr): Expr {
    const x = this.#let('log_x', argument);
    const tiny = this.#let('log_tiny', b.compare('<', x, 2 ** -126));
    const scaled = b.select(tiny, b.mul(x, 2 ** 23), x);
    const bits = this.#let('log_bits', b.bitcast(scaled, 'i32'));
    const fraction = b.bitcast(b.binary('or', b.binary('and', bits, 0x7fffff), 0x3f000000), 'f32');
    const f = this.#let('log_f', fraction);
    const low = this.#let('log_low', b.compare('<', f, Math.fround(Math.SQRT1_2)));
    const biased = b.sub(b.binary('shr', bits, 23), b.select(tiny, int(126 + 23), int(126)));
    const e = this.#let('log_e', b.cast(b.sub(biased, b.select(low, int(1), int(0))), 'f32'));
    const m = this.#let('log_m', b.sub(b.select(low, b.add(f, f), f), 1));
    const square = this.#let('log_s', b.mul(m, m));
    const cubic = b.mul(b.mul(square, m), polynomial(logCoefficients, m));
    const small = b.sub(b.add(cubic, b.mul(e, ln2Low)), b.mul(square, 0.5));
    const y = this.#let('log_y', b.add(b.add(m, small), b.mul(e, ln2High)));
    // 0, negative numbers, infinity; NaN is neither < nor ==, and its bits would give a number.
    const finite = b.select(b.compare('==', x, 0), -Infinity, y);
    const positive = b.select(b.compare('<', x, 0), NaN, finite);
    return b.select(b.compare('<', x, Infinity), positive, x);
  }

  /** An odd polynomial near 0, else 1 - 2 / (e^2|x| + 1) with the sign of x. */
  tanh(argument: Expr): Expr {
    const x = this.#let('tanh_x', argument);
    const size = this.#let('tanh_size', b.abs(x));
    const z = this.#let('tanh_z', b.mul(x, x));
    const near = this.#let('tanh_near', b.mul(b.add(b.mul(polynomial(tanhCoefficients, z), z), 1), x));
    const twice = b.add(size, size);
    const power = this.#exact.includes('exp') ? b.exp(twice) : this.exp(twice);
    const far = this.#let('tanh_far', b.sub(1, b.div(2, b.add(power, 1))));
    const signed = b.select(b.compare('<', x, 0), b.neg(far), far);
    return b.select(b.compare('<', size, 0.625), near, signed);
  }
}

/** c0 + x (c1 + x (c2 + …)) */
function polynomial(coefficients: readonly number[], x: Expr): Expr {
  const [highest = 0, ...lower] = coefficients.toReversed();
  return lower.reduce<Expr>((sum, c) => b.add(b.mul(sum, x), c), b.literal(highest));
}

/** 2^k for -126 <= k <= 127, from the bits of its exponent. */
function powerOfTwo(k: Expr): Expr {
  return b.bitcast(b.binary('shl', b.add(k, int(127)), int(23)), 'f32');
}
