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
  const marking: Marking = { starts: new Set(), chains: [] };
  file.items.forEach((item) => markItem(marking, item));
  return marking;
}

interface Marking {
  readonly starts: Set<number>;
  readonly chains: Chain[];
}

function markItem(marking: Marking, item: Item): void {
  marking.starts.add(item.span.start);
  switch (item.kind) {
    case 'model':
    case 'layer':
      item.parameters.forEach((parameter) => markExpression(marking, parameter.default));
      return item.body.forEach((statement) => markStatement(marking, statement));
    case 'train':
      return item.entries.forEach((entry) => markEntry(marking, entry));
    case 'graph':
      return [...item.nodes, ...item.updates].forEach(({ span }) => marking.starts.add(span.start));
    case 'import':
      return;
    default:
      item satisfies never;
  }
}

function markStatement(marking: Marking, statement: Statement): void {
  marking.starts.add(statement.span.start);
  switch (statement.kind) {
    case 'param':
    case 'state':
      return markExpression(marking, statement.initializer);
    case 'shared':
      return markStage(marking, statement.stage);
    case 'return':
      return statement.values.forEach((value) => markExpression(marking, value));
    case 'set':
    case 'let':
    case 'expression':
      return markExpression(marking, statement.value);
    case 'input':
      return;
    default:
      statement satisfies never;
  }
}

function markEntry(marking: Marking, entry: TrainEntry): void {
  marking.starts.add(entry.span.start);
  if (entry.kind === 'setting') markExpression(marking, entry.value);
  if (entry.kind === 'augment') markChain(marking, entry.span.start, entry.stages);
}

function markChain(marking: Marking, head: number | undefined, stages: readonly Stage[]): void {
  marking.chains.push({ head, stages: stages.map((stage) => stage.span.start) });
  stages.forEach((stage) => markStage(marking, stage));
}

function markStage(marking: Marking, stage: Stage): void {
  if (stage.kind === 'for') {
    markExpression(marking, stage.iterable);
    markChain(marking, undefined, stage.stages);
  } else {
    stage.args?.forEach((argument) => markExpression(marking, argument.value));
  }
}

function markExpression(marking: Marking, expression: Expression | undefined): void {
  if (expression === undefined) return;
  if (expression.kind === 'chain') markChain(marking, expression.span.start, expression.stages);
  partsOf(expression).forEach((part) => markExpression(marking, part));
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
