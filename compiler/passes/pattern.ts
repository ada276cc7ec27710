/**
 * A small language for rewrite rules: what to look for, and what to put there.
 *
 *     rule('log(exp(z) / s) → z - log(s)', on(log, on(divide, on(exp, 'z'), 's')), ({ z, s }, { make }) =>
 *       make(subtract, z, make(log, s)))
 */
import { append } from '../base/multimap.ts';
import { sameType } from '../base/types.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Attributes, Node, Value } from '../graph/ir.ts';
import type { Op } from '../graph/op.ts';
import { hasTrait } from '../graph/op.ts';

/** A name matches any value (the same one wherever it is repeated), a number a constant that is this number throughout. */
type Pattern = string | number | OpPattern;

/** A node of one op; operands of a commutative op match in either order. `N` is the union of the names in it. */
interface OpPattern<N extends string = string> {
  readonly op: Op;
  readonly operands: readonly Pattern[];
  readonly names?: N;
}

type NamesOf<P> = P extends string ? P : P extends OpPattern<infer N> ? N : never;

export const on = <const P extends readonly Pattern[]>(
  op: Op,
  ...operands: P
): OpPattern<NamesOf<P[number]>> => ({
  op,
  operands,
});

type Bindings<N extends string = string> = Readonly<Record<N, Value>>;

/** What a replacement is built with. Emitted nodes are rewritten by the rules too. */
interface Emitter {
  /** The matched node. */
  readonly node: Node;
  /** Numbers become f32 scalars. */
  readonly make: (op: Op, ...operands: readonly (Value | number)[]) => Value;
  readonly emit: (op: Op, operands: readonly Value[], attributes: Attributes) => Value;
}

export interface Rule {
  /** The rule as one writes it on paper. */
  readonly name: string;
  readonly pattern: OpPattern;
  /** The replacement; undefined: not here after all. One of another type than the node is not used. */
  readonly replace: (bound: Bindings, emitter: Emitter) => Value | undefined;
}

export function rule<N extends string>(
  name: string,
  pattern: OpPattern<N>,
  replace: (bound: Bindings<N>, emitter: Emitter) => Value | undefined,
): Rule {
  return { name, pattern, replace };
}

/** What the names of a pattern stand for, or undefined where it does not match. */
function match(pattern: Pattern, value: Value, known: Bindings = {}): Bindings | undefined {
  if (typeof pattern === 'string') {
    const before = known[pattern];
    if (before === undefined) return { ...known, [pattern]: value };
    return before === value ? known : undefined;
  }
  if (typeof pattern === 'number')
    return value.kind === 'constant' && value.data.every((entry) => entry === pattern) ? known : undefined;
  if (value.kind !== 'node' || value.op !== pattern.op) return undefined;
  const straight = matchAll(pattern.operands, value.operands, known);
  if (straight !== undefined || !hasTrait(pattern.op, 'commutative')) return straight;
  return matchAll(pattern.operands, value.operands.toReversed(), known);
}

function matchAll(
  patterns: readonly Pattern[],
  values: readonly Value[],
  known: Bindings,
): Bindings | undefined {
  if (patterns.length !== values.length) return undefined;
  let bindings: Bindings | undefined = known;
  for (let i = 0; i < patterns.length && bindings !== undefined; i++)
    bindings = match(patterns[i]!, values[i]!, bindings);
  return bindings;
}

/** Rules by the op they begin with. Every replacement must be simpler than what it replaces, or rewriting would not end. */
export class RuleSet {
  readonly #byOp = new Map<Op, Rule[]>();

  constructor(rules: readonly Rule[]) {
    for (const entry of rules) append(this.#byOp, entry.pattern.op, entry);
  }

  /** What the first rule that matches puts in place of the node; the node itself, appended to `g`, where none does. */
  apply(node: Node, g: GraphBuilder): Value {
    const emit: Emitter['emit'] = (op, operands, attributes) =>
      this.apply(g.detached(op, operands, attributes), g);
    const make: Emitter['make'] = (op, ...operands) => {
      const values = operands.map((operand) => (typeof operand === 'number' ? g.constant(operand) : operand));
      return emit(op, values, {});
    };
    for (const { pattern, replace } of this.#byOp.get(node.op) ?? []) {
      const bound = match(pattern, node);
      const value = bound === undefined ? undefined : replace(bound, { node, make, emit });
      if (value !== undefined && sameType(value.type, node.type)) return value;
    }
    return g.append(node);
  }
}
