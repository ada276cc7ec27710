/** Visits of the syntax tree without recursion, so that no text is too deep for it. */
import type { Expression, Stage, Statement } from '../syntax/ast.ts';

/** The expressions directly inside `expression`; stages are listed apart. */
function partsOf(expression: Expression): {
  expressions: readonly Expression[];
  stages: readonly Stage[];
} {
  const only = (expressions: readonly Expression[] = []) => ({ expressions, stages: [] });
  switch (expression.kind) {
    case 'int':
    case 'float':
    case 'size':
    case 'string':
    case 'bool':
    case 'name':
    case 'value':
      return only();
    case 'tuple':
    case 'list':
      return only(expression.items);
    case 'unary':
      return only([expression.operand]);
    case 'binary':
      return only([expression.left, expression.right]);
    case 'call':
      return only([expression.callee, ...expression.args.map((argument) => argument.value)]);
    case 'subscript':
      return only([expression.object, ...expression.indices]);
    case 'member':
      return only([expression.object]);
    case 'if':
      return only([expression.condition, expression.consequent, expression.alternative]);
    case 'chain':
      return { expressions: [expression.head], stages: expression.stages };
  }
}

/** Every expression and stage under `roots`, in no particular order. */
export function walk(
  roots: { readonly expressions?: readonly Expression[]; readonly stages?: readonly Stage[] },
  visit: {
    readonly expression?: (e: Expression) => void;
    readonly stage?: (s: Stage, repeated: boolean) => void;
  },
): void {
  const expressions = [...(roots.expressions ?? [])];
  const stages = (roots.stages ?? []).map((stage) => ({ stage, repeated: false }));
  for (;;) {
    const next = stages.pop();
    if (next) {
      visit.stage?.(next.stage, next.repeated);
      if (next.stage.kind === 'for') {
        expressions.push(next.stage.iterable);
        for (const stage of next.stage.stages) stages.push({ stage, repeated: true });
      } else {
        for (const argument of next.stage.args ?? []) expressions.push(argument.value);
      }
      continue;
    }
    const expression = expressions.pop();
    if (!expression) return;
    visit.expression?.(expression);
    const parts = partsOf(expression);
    for (const part of parts.expressions) expressions.push(part);
    for (const stage of parts.stages) stages.push({ stage, repeated: false });
  }
}

/** The names in an expression, each once, in the order of the text. */
export function namesIn(root: Expression): readonly string[] {
  const starts = new Map<string, number>();
  const expression = (part: Expression): void => {
    if (part.kind !== 'name') return;
    starts.set(part.name, Math.min(part.span.start, starts.get(part.name) ?? Infinity));
  };
  walk({ expressions: [root] }, { expression });
  return [...starts].sort(([, a], [, b]) => a - b).map(([name]) => name);
}

/** What a statement holds. */
export function rootsOf(statement: Statement): {
  expressions: readonly Expression[];
  stages: readonly Stage[];
} {
  switch (statement.kind) {
    case 'input':
      return { expressions: dimsOf(statement.type), stages: [] };
    case 'param':
    case 'state':
      return { expressions: [...dimsOf(statement.type), statement.initializer], stages: [] };
    case 'shared':
      return { expressions: [], stages: [statement.stage] };
    case 'set':
    case 'let':
    case 'expression':
      return { expressions: [statement.value], stages: [] };
    case 'return':
      return { expressions: statement.values, stages: [] };
  }
}

function dimsOf(type: { readonly dims?: readonly { kind: string; value?: Expression }[] }): Expression[] {
  return (type.dims ?? []).flatMap((dim) => (dim.value ? [dim.value] : []));
}

const boundNamesOf = new WeakMap<readonly Statement[], ReadonlySet<string>>();

/** All names that a body binds anywhere. */
export function boundNames(body: readonly Statement[]): ReadonlySet<string> {
  const known = boundNamesOf.get(body);
  if (known) return known;
  const names = new Set<string>();
  for (const statement of body) {
    if (statement.kind === 'let') for (const name of statement.names) names.add(name.text);
    else if ('name' in statement) names.add(statement.name.text);
    walk(rootsOf(statement), {
      stage: (stage) => {
        if (stage.kind === 'apply' && stage.as) names.add(stage.as.text);
        if (stage.kind === 'output') names.add(stage.name.text);
      },
    });
  }
  boundNamesOf.set(body, names);
  return names;
}
