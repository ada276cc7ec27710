/** What the formatter takes from the tree: where statements begin, and which arrows make one chain. */
import type { Expression, File, Item, Stage, Statement, TrainEntry } from '../ast.ts';

export interface Chain {
  /** Offset of what the chain begins with; undefined for the body of a `for`. */
  readonly head: number | undefined;
  /** Offsets of the stages; each has its arrow directly before it. */
  readonly stages: readonly number[];
}

export interface Marks {
  /** Offsets of items, statements and entries. */
  readonly starts: ReadonlySet<number>;
  readonly chains: readonly Chain[];
}

export function marksOf(file: File): Marks {
  const starts = new Set<number>();
  const chains: Chain[] = [];
  file.items.forEach(markItem);
  return { starts, chains };

  function markItem(item: Item): void {
    starts.add(item.span.start);
    switch (item.kind) {
      case 'model':
      case 'layer':
        item.parameters.forEach((parameter) => markExpression(parameter.default));
        item.body.forEach(markStatement);
        return;
      case 'train':
        item.entries.forEach(markEntry);
        return;
      case 'graph':
        [...item.nodes, ...item.updates].forEach(({ span }) => starts.add(span.start));
        return;
      case 'import':
        return;
      default:
        item satisfies never;
    }
  }

  function markStatement(statement: Statement): void {
    starts.add(statement.span.start);
    switch (statement.kind) {
      case 'param':
      case 'state':
        return markExpression(statement.initializer);
      case 'shared':
        return markStage(statement.stage);
      case 'return':
        return statement.values.forEach(markExpression);
      case 'set':
      case 'let':
      case 'expression':
        return markExpression(statement.value);
      case 'input':
        return;
      default:
        statement satisfies never;
    }
  }

  function markEntry(entry: TrainEntry): void {
    starts.add(entry.span.start);
    if (entry.kind === 'setting') markExpression(entry.value);
    if (entry.kind === 'augment') markChain(entry.span.start, entry.stages);
  }

  function markChain(head: number | undefined, stages: readonly Stage[]): void {
    chains.push({ head, stages: stages.map((stage) => stage.span.start) });
    stages.forEach(markStage);
  }

  function markStage(stage: Stage): void {
    if (stage.kind === 'for') {
      markExpression(stage.iterable);
      markChain(undefined, stage.stages);
    } else {
      stage.args?.forEach((argument) => markExpression(argument.value));
    }
  }

  function markExpression(expression: Expression | undefined): void {
    if (expression === undefined) return;
    if (expression.kind === 'chain') markChain(expression.span.start, expression.stages);
    partsOf(expression).forEach(markExpression);
  }
}

/** The expressions directly within one, without those of stages. */
function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'tuple':
    case 'list':
      return expression.items;
    case 'unary':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'call':
      return [expression.callee, ...expression.args.map((argument) => argument.value)];
    case 'subscript':
      return [expression.object, ...expression.indices];
    case 'member':
      return [expression.object];
    case 'if':
      return [expression.condition, expression.consequent, expression.alternative];
    case 'chain':
      return [expression.head];
    default:
      return [];
  }
}
