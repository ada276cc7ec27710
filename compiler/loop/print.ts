/** Kernels as text that reads like the loops they are and parses back to the same structure (see parse.ts). */
import { batchAxis } from './ir.ts';
import type {
  Affine,
  Axis,
  Buffer,
  Condition,
  Expr,
  Index,
  Kernel,
  Local,
  Quotient,
  Range,
  Stmt,
} from './ir.ts';
import { denseStrides, dtypeOf } from './builder.ts';
import { Names } from './names.ts';

/** One kernel; ends in a newline. Names that two things share get a number. */
export function printKernel(kernel: Kernel): string {
  return new Printer().kernel(kernel);
}

/** How tightly an operator binds; calls and names are tightest. */
const precedence: Readonly<Record<string, number>> = { compare: 1, add: 2, sub: 2, mul: 3, div: 3 };
const symbols: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', div: '/' };
const tightest = 4;

class Printer {
  readonly #names = new Names();
  readonly #known = new Map<Axis | Buffer | Local, string>([[batchAxis, this.#names.unique('N')]]);
  readonly #lines: string[] = [];
  #indent = 1;

  kernel({ name, kind, inputs, outputs, body }: Kernel): string {
    const operands = (buffers: readonly Buffer[]): string =>
      buffers.map((buffer) => this.#declaration(buffer)).join(', ');
    this.#lines.push(`kernel ${name} [${kind}](${operands(inputs)}) -> (${operands(outputs)}) {`);
    this.#block(body);
    this.#lines.push('}', '');
    return this.#lines.join('\n');
  }

  #nameOf(thing: Axis | Buffer | Local): string {
    const known = this.#known.get(thing);
    if (known !== undefined) return known;
    const name = this.#names.unique(thing.name);
    this.#known.set(thing, name);
    return name;
  }

  /** `x: f32[N, 3]`; strides and offset only where the buffer is not dense, `stored f16` where it is. */
  #declaration(buffer: Buffer): string {
    const type = `${this.#nameOf(buffer)}: ${buffer.dtype}[${buffer.shape.join(', ')}]`;
    const dense = denseStrides(buffer.shape).every((stride, i) => stride === buffer.strides[i]);
    const strides = dense ? '' : ` strides [${buffer.strides.join(', ')}]`;
    const offset = buffer.offset === 0 ? '' : ` offset ${buffer.offset}`;
    return type + strides + offset + (buffer.stored === undefined ? '' : ` stored ${buffer.stored}`);
  }

  #line(text: string): void {
    this.#lines.push('  '.repeat(this.#indent) + text);
  }

  #block(body: readonly Stmt[]): void {
    for (const stmt of body) this.#statement(stmt);
  }

  #nested(head: string, body: readonly Stmt[]): void {
    this.#line(`${head} {`);
    this.#indent++;
    this.#block(body);
    this.#indent--;
    this.#line('}');
  }

  #statement(stmt: Stmt): void {
    switch (stmt.kind) {
      case 'for': {
        const mode =
          typeof stmt.mode === 'object'
            ? ` bind(${stmt.mode.bind})`
            : stmt.mode === 'serial'
              ? ''
              : ` ${stmt.mode}`;
        const axis = `${this.#nameOf(stmt.axis)}: ${stmt.axis.extent}`;
        return this.#nested(`for ${axis} in ${this.#range(stmt.range)}${mode}`, stmt.body);
      }
      case 'if':
        return this.#nested(`if ${stmt.conditions.map((c) => this.#condition(c)).join(' and ')}`, stmt.body);
      case 'let':
        return this.#line(`let ${this.#nameOf(stmt.local)}: ${stmt.local.dtype} = ${this.#expr(stmt.value)}`);
      case 'alloc':
        return this.#line(`alloc ${stmt.buffer.space} ${this.#declaration(stmt.buffer)}`);
      case 'store':
        return this.#line(`${this.#element(stmt.buffer, stmt.index)} = ${this.#expr(stmt.value)}`);
      case 'accumulate':
        return this.#line(
          `${this.#element(stmt.buffer, stmt.index)} ${stmt.combine}= ${this.#expr(stmt.value)}`,
        );
      case 'barrier':
        return this.#line('barrier');
      case 'all_reduce':
        return this.#line(
          `all_reduce ${stmt.combine} ${this.#nameOf(stmt.buffer)} over ${this.#nameOf(stmt.axis)}`,
        );
      default:
        return stmt satisfies never;
    }
  }

  #range({ from, to }: Range): string {
    const low = from.map((q) => this.#quotient(q));
    const high = to.map((q) => (q === 'N' ? 'N' : this.#quotient(q)));
    const several = (name: string, bounds: readonly string[]): string =>
      bounds.length === 1 ? bounds[0]! : `${name}(${bounds.join(', ')})`;
    return `${several('max', low)}..${several('min', high)}`;
  }

  #quotient({ numerator, divisor }: Quotient): string {
    const text = this.#affine(numerator);
    if (divisor === 1) return text;
    return numerator.terms.length + (numerator.constant === 0 ? 0 : 1) > 1
      ? `floor((${text}) / ${divisor})`
      : `floor(${text} / ${divisor})`;
  }

  #condition({ index, extent }: Condition): string {
    return `0 <= ${this.#affine(index)} < ${extent}`;
  }

  /** `2 * oh + kh - 1` */
  #affine({ constant, terms }: Affine): string {
    const parts = terms.map(({ axis, factor }) => ({
      sign: factor < 0 ? '-' : '+',
      text: Math.abs(factor) === 1 ? this.#nameOf(axis) : `${Math.abs(factor)} * ${this.#nameOf(axis)}`,
    }));
    if (constant !== 0 || parts.length === 0)
      parts.push({ sign: constant < 0 ? '-' : '+', text: String(Math.abs(constant)) });
    return parts
      .map(({ sign, text }, i) => (i > 0 ? ` ${sign} ${text}` : sign === '-' ? `-${text}` : text))
      .join('');
  }

  #element(buffer: Buffer, index: readonly Index[]): string {
    const places = index.map((place) =>
      'clamped' in place ? `clamp(${this.#expr(place.clamped)})` : this.#affine(place),
    );
    return `${this.#nameOf(buffer)}[${places.join(', ')}]`;
  }

  /** Binary operators are printed with parentheses wherever a reader might doubt. */
  #expr(expr: Expr, outside = 0): string {
    const { text, binds } = this.#term(expr);
    return binds < outside ? `(${text})` : text;
  }

  #term(expr: Expr): { text: string; binds: number } {
    const call = (name: string, ...args: readonly Expr[]): { text: string; binds: number } => ({
      text: `${name}(${args.map((arg) => this.#expr(arg)).join(', ')})`,
      binds: tightest,
    });
    switch (expr.kind) {
      case 'literal':
        return { text: printLiteral(expr.value, expr.dtype), binds: tightest };
      case 'index':
        return { text: `index(${this.#affine(expr.index)})`, binds: tightest };
      case 'batch':
        return { text: 'N', binds: tightest };
      case 'load':
        return { text: this.#element(expr.buffer, expr.index), binds: tightest };
      case 'local':
        return { text: this.#nameOf(expr.local), binds: tightest };
      case 'reduced':
        return { text: `reduced_${expr.dtype}`, binds: tightest };
      case 'unary':
        return call(expr.op, expr.x);
      case 'cast':
        return call(expr.dtype, expr.x);
      case 'bitcast':
        return call(`bits_${expr.dtype}`, expr.x);
      case 'select':
        return call('select', expr.condition, expr.a, expr.b);
      case 'binary': {
        const symbol = symbols[expr.op];
        if (symbol === undefined) return call(expr.op, expr.a, expr.b);
        const binds = precedence[expr.op]!;
        return { text: `${this.#expr(expr.a, binds)} ${symbol} ${this.#expr(expr.b, binds + 1)}`, binds };
      }
      case 'compare': {
        const binds = precedence['compare']!;
        return {
          text: `${this.#expr(expr.a, binds + 1)} ${expr.op} ${this.#expr(expr.b, binds + 1)}`,
          binds,
        };
      }
      default:
        return expr satisfies never;
    }
  }
}

/** f32 literals show a point or an exponent, others carry their type: `1.0`, `3i32`, `true`. */
function printLiteral(value: number, dtype: ReturnType<typeof dtypeOf>): string {
  if (dtype === 'bool') return value === 0 ? 'false' : 'true';
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  if (dtype !== 'f32') return `${text}${dtype}`;
  return /[.e]/.test(text) ? text : `${text}.0`;
}
