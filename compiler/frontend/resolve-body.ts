/** Names in statements and expressions, in both branches of every `if`. */
import { expectedBy, expectedFor, wordsOf } from './coerce.ts';
import type { Argument, Expression, Stage, Statement, TypeExpression } from '../syntax/ast.ts';
import { isDType } from './datum.ts';
import type { Place } from './resolve-scope.ts';
import { bind, checkName, KnownNames } from './resolve-scope.ts';
import { lookupGlobal } from './unit.ts';
import { suggestion } from './suggest.ts';
import { dtypes } from '../base/types.ts';

const maxDepth = 400;

export function checkStatement(statement: Statement, place: Place): void {
  const { reporter, kind } = place;
  switch (statement.kind) {
    case 'input':
      if (kind !== 'model')
        reporter.at(
          statement.span,
          'E0210',
          '`input` belongs in a model; a layer takes operands in its second parentheses',
        );
      checkType(statement.type, place);
      bind(statement.name, place);
      return;
    case 'param':
    case 'state':
      checkType(statement.type, place);
      checkExpression(statement.initializer, place);
      bind(statement.name, place);
      return;
    case 'shared':
      if (statement.stage.kind === 'apply') checkStage({ ...statement.stage }, place);
      else
        reporter.at(
          statement.stage.span,
          'E0210',
          '`shared` takes one layer, such as `shared eye = Eye(16)`',
        );
      bind(statement.name, place);
      return;
    case 'set':
      checkName(statement.name.text, statement.name.span, place);
      checkExpression(statement.value, place);
      return;
    case 'let':
      checkExpression(statement.value, place);
      for (const name of statement.names) bind(name, place);
      return;
    case 'return':
      if (kind !== 'layer')
        reporter.at(statement.span, 'E0210', '`return` belongs in a layer; a model ends in `-> output NAME`');
      for (const value of statement.values) checkExpression(value, place);
      return;
    case 'expression':
      checkExpression(statement.value, place);
      return;
    default:
      statement satisfies never;
  }
}

/** The element type and the extents of a declaration; `any` only where operands are typed. */
export function checkType(type: TypeExpression, place: Place, operand = false): void {
  const { text, span } = type.dtype;
  if (!isDType(text) && !(operand && text === 'any')) {
    const notes = suggestion(text, dtypes);
    place.reporter.at(span, 'E0321', `\`${text}\` is no element type: those are ${dtypes.join(', ')}`, {
      notes,
    });
  }
  const dims = type.dims ?? [];
  const rests = dims.filter((dim) => dim.kind === 'rest');
  if (rests[1]) place.reporter.at(rests[1].span, 'E0452', 'only one `...` can stand in a type');
  for (const dim of dims) {
    if (dim.kind === 'rest') {
      if (!dim.name) continue;
      if (operand) place.known.add(dim.name.text);
      else checkName(dim.name.text, dim.name.span, place);
    } else if (operand && dim.value.kind === 'name') {
      if (dim.value.name !== 'N') place.known.add(dim.value.name);
    } else {
      checkExpression(dim.value, place);
    }
  }
}

/** `words`: what a bare name may be besides a name in scope. */
export function checkExpression(expression: Expression, outer: Place, words: readonly string[] = []): void {
  if (outer.depth > maxDepth) {
    outer.reporter.at(expression.span, 'E0603', 'this is nested too deeply');
    return;
  }
  const place: Place = { ...outer, depth: outer.depth + 1 };
  switch (expression.kind) {
    case 'int':
    case 'float':
    case 'size':
    case 'string':
    case 'bool':
    case 'value':
      return;
    case 'name':
      checkName(expression.name, expression.span, place, words);
      return;
    case 'tuple':
    case 'list':
      for (const item of expression.items) checkExpression(item, place);
      return;
    case 'unary':
      checkExpression(expression.operand, place);
      return;
    case 'binary':
      checkBinary(expression, place);
      return;
    case 'call':
      checkCall(expression, place);
      return;
    case 'subscript':
      checkExpression(expression.object, place);
      for (const index of expression.indices) checkExpression(index, place);
      return;
    case 'member':
      checkExpression(expression.object, place);
      return;
    case 'if':
      checkIf(expression, place, words);
      return;
    case 'chain':
      checkExpression(expression.head, place);
      for (const stage of expression.stages) checkStage(stage, place);
      return;
    default:
      expression satisfies never;
  }
}

/** `a + b + c + …` leans to the left and may be long: no recursion along it. */
function checkBinary(expression: Expression, place: Place): void {
  const rights: Expression[] = [];
  let current = expression;
  while (current.kind === 'binary') {
    rights.push(current.right);
    current = current.left;
  }
  checkExpression(current, place);
  for (const right of rights.reverse()) checkExpression(right, place);
}

/** Each branch has its own names; a ladder of `else if` is walked without recursion. */
function checkIf(expression: Expression, place: Place, words: readonly string[]): void {
  let current = expression;
  const branch = (value: Expression): void =>
    checkExpression(value, { ...place, known: new KnownNames(place.known) }, words);
  while (current.kind === 'if') {
    checkExpression(current.condition, place);
    branch(current.consequent);
    current = current.alternative;
  }
  branch(current);
}

function checkCall(expression: Extract<Expression, { kind: 'call' }>, place: Place): void {
  const { callee, args } = expression;
  checkExpression(callee, place);
  checkArguments(callee.kind === 'name' ? callee.name : undefined, args, place);
}

function checkArguments(callee: string | undefined, args: readonly Argument[], place: Place): void {
  let position = 0;
  for (const argument of args) {
    const index = argument.name ? undefined : position++;
    checkExpression(argument.value, place, wordsFor(callee, argument, index, place));
  }
}

/** The words of the parameter or attribute that an argument is for. */
function wordsFor(
  callee: string | undefined,
  argument: Argument,
  index: number | undefined,
  place: Place,
): readonly string[] {
  if (callee === undefined || place.known.has(callee)) return [];
  const global = lookupGlobal(place.unit, callee);
  if (!global) return [];
  const name = argument.name?.text;
  if (global.kind === 'op') {
    const spec =
      name !== undefined && Object.hasOwn(global.op.attributes, name)
        ? global.op.attributes[name]
        : undefined;
    return spec ? wordsOf(expectedFor(spec)) : [];
  }
  const { parameters } = global.declaration;
  const parameter =
    name === undefined ? parameters[index ?? 0] : parameters.find((p) => p.name.text === name);
  return parameter ? wordsOf(expectedBy(parameter)) : [];
}

export function checkStage(stage: Stage, place: Place): void {
  const { reporter } = place;
  switch (stage.kind) {
    case 'apply':
      checkName(stage.callee.text, stage.callee.span, place);
      checkArguments(stage.callee.text, stage.args ?? [], place);
      if (!stage.as) return;
      if (place.repeated) {
        const message = `\`as ${stage.as.text}\` stands inside \`for\`: it would name several layers`;
        reporter.at(stage.as.span, 'E0209', message);
      }
      bind(stage.as, place);
      return;
    case 'output':
      for (const argument of stage.args ?? []) checkExpression(argument.value, place);
      if (place.kind !== 'model') reporter.at(stage.span, 'E0210', '`output` belongs in a model');
      else if (place.repeated) reporter.at(stage.span, 'E0210', '`output` cannot stand inside `for`');
      bind(stage.name, place);
      return;
    case 'for': {
      checkExpression(stage.iterable, place);
      const inner: Place = {
        ...place,
        repeated: true,
        known: new KnownNames(place.known),
        depth: place.depth + 1,
      };
      bind(stage.variable, inner);
      if (place.depth > maxDepth) return;
      for (const each of stage.stages) checkStage(each, inner);
      return;
    }
    default:
      stage satisfies never;
  }
}
