/** Structural identity of expressions. */
import type { Affine, Axis, Buffer, Expr, Local } from '../ir.ts';
import { childrenOf } from '../rewrite.ts';

/** Gives equal numbers to expressions that are equal, within one instance. */
export class Keys {
  readonly #ids = new Map<Axis | Buffer | Local, number>();
  readonly #numbers = new Map<string, number>();
  readonly #known = new Map<Expr, number>();

  of(expr: Expr): number {
    const known = this.#known.get(expr);
    if (known !== undefined) return known;
    const text = [this.#head(expr), ...childrenOf(expr).map((child) => this.of(child))].join(' ');
    const key = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, key);
    this.#known.set(expr, key);
    return key;
  }

  #id(thing: Axis | Buffer | Local): number {
    const id = this.#ids.get(thing) ?? this.#ids.size;
    this.#ids.set(thing, id);
    return id;
  }

  #affine({ constant, terms }: Affine): string {
    const parts = terms.map(({ axis, factor }) => `${factor}.${this.#id(axis)}`).sort();
    return `${constant}+${parts.join('+')}`;
  }

  #head(expr: Expr): string {
    switch (expr.kind) {
      case 'literal':
        return `${expr.dtype} ${Object.is(expr.value, -0) ? '-0' : expr.value}`;
      case 'index':
        return `index ${this.#affine(expr.index)}`;
      case 'batch':
        return 'batch';
      case 'load':
        return `load ${this.#id(expr.buffer)}[${expr.index
          .map((place) => ('clamped' in place ? 'clamped' : this.#affine(place)))
          .join(',')}]`;
      case 'local':
        return `local ${this.#id(expr.local)}`;
      case 'unary':
      case 'binary':
        return `${expr.op} ${expr.dtype}`;
      case 'compare':
        return expr.op;
      case 'select':
      case 'cast':
      case 'bitcast':
      case 'reduced':
        return `${expr.kind} ${expr.dtype}`;
      default:
        return expr satisfies never;
    }
  }
}

/** `x` for elements of x, the operation's name otherwise: what a local that holds the expression may be called. */
export function stemOf(expr: Expr): string {
  if (expr.kind === 'load') return expr.buffer.name;
  return expr.kind === 'unary' || expr.kind === 'binary' ? expr.op : 'v';
}
