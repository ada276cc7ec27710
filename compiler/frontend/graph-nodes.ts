/** The lines of a printed graph: op calls and constants. */
import type { Location, Span } from '../base/source.ts';
import type { TensorType } from '../base/types.ts';
import { dtypes, elementCount, formatType } from '../base/types.ts';
import { withDefaults } from '../graph/builder.ts';
import type { AttributeValue, Constant, Node, Value } from '../graph/ir.ts';
import type { AttributeSpec, Op } from '../graph/op.ts';
import { isMismatch } from '../graph/op.ts';
import { ops } from '../ops/index.ts';
import type { Argument, Expression } from '../syntax/ast.ts';
import type { GraphReader } from './graph-text.ts';
import { suggestion } from './suggest.ts';

/** One call of an op: operands first, then attributes by name. */
export function readNode(
  reader: GraphReader,
  name: string,
  span: Span,
  args: readonly Argument[],
  location: Location | undefined,
): Node | undefined {
  const op = ops.get(name);
  if (!op) {
    reader.reporter.at(span, 'E0701', `there is no op \`${name}\``, { notes: suggestion(name, ops.keys()) });
    return undefined;
  }
  const operands: Value[] = [];
  const attributes: Record<string, AttributeValue> = {};
  let fine = true;
  for (const argument of args) {
    if (!argument.name) {
      const value = reader.value(argument.value);
      if (value) operands.push(value);
      else fine = false;
      continue;
    }
    const { text } = argument.name;
    const spec = Object.hasOwn(op.attributes, text) ? op.attributes[text] : undefined;
    const value = spec && attributeOf(argument.value, spec);
    if (value === undefined || Object.hasOwn(attributes, text)) {
      const what = spec
        ? `\`${text}\` must be given once, as ${spec.type}`
        : `\`${name}\` has no attribute \`${text}\``;
      reader.report(argument.span, 'E0704', what);
      fine = false;
    } else {
      attributes[text] = value;
    }
  }
  return fine ? finishNode(reader, op, operands, attributes, span, location) : undefined;
}

function finishNode(
  reader: GraphReader,
  op: Op,
  operands: readonly Value[],
  attributes: Readonly<Record<string, AttributeValue>>,
  span: Span,
  location: Location | undefined,
): Node | undefined {
  const specs = Object.values(op.operands);
  const variadic = specs.some((spec) => spec.kind === 'tensors');
  if (variadic ? operands.length < specs.length : operands.length !== specs.length) {
    return reader.report(
      span,
      'E0704',
      `\`${op.name}\` takes ${specs.length} operands, got ${operands.length}`,
    );
  }
  for (const [i, operand] of operands.entries()) {
    const accepted = specs[Math.min(i, specs.length - 1)]?.dtypes ?? 'any';
    if (accepted === 'any' || accepted.includes(operand.type.dtype)) continue;
    const message = `\`${op.name}\` takes ${accepted.join(' or ')}, got ${formatType(operand.type)}`;
    return reader.report(span, 'E0703', message);
  }
  const missing = Object.entries(op.attributes).find(
    ([name, spec]) => spec.default === undefined && !Object.hasOwn(attributes, name),
  );
  if (missing) return reader.report(span, 'E0704', `\`${op.name}\` needs \`${missing[0]}\``);
  const complete = withDefaults(op, attributes);
  const type = op.infer(
    operands.map((operand) => operand.type),
    complete,
  );
  if (!isMismatch(type)) return { kind: 'node', op, operands, attributes: complete, type, location };
  const { code, message, hint } = type.mismatch;
  return reader.report(span, code, message, hint === undefined ? [] : [hint]);
}

function attributeOf(expression: Expression, spec: AttributeSpec): AttributeValue | undefined {
  const value = plainValue(expression);
  if (value === undefined) return undefined;
  const atLeast = (n: number): boolean => spec.minimum === undefined || n >= spec.minimum;
  const isInts = typeof value === 'object' && value.every((n) => Number.isInteger(n) && atLeast(n));
  switch (spec.type) {
    case 'int':
      return typeof value === 'number' && Number.isInteger(value) && atLeast(value) ? value : undefined;
    case 'float':
      return typeof value === 'number' ? value : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'string':
      return typeof value === 'string' && (spec.words?.includes(value) ?? true) ? value : undefined;
    case 'dtype':
      return dtypes.find((dtype) => dtype === value);
    case 'ints':
      return isInts ? value : undefined;
    case 'size':
      return isInts && value.length === 2 ? value : undefined;
    case 'padding':
      return value === 'valid' || value === 'same' || (isInts && value.length === 2) ? value : undefined;
  }
}

function plainValue(expression: Expression): AttributeValue | undefined {
  switch (expression.kind) {
    case 'string':
    case 'bool':
      return expression.value;
    case 'size':
      return expression.values;
    case 'list': {
      const numbers = expression.items.map(numberOf);
      return numbers.every((n) => n !== undefined) ? numbers : undefined;
    }
    case 'name':
      return numberOf(expression) ?? expression.name;
    default:
      return numberOf(expression);
  }
}

/** A number as printed: `-0.5`, `inf`, `nan`; bools count as 0 and 1. */
function numberOf(expression: Expression): number | undefined {
  switch (expression.kind) {
    case 'int':
    case 'float':
      return expression.value;
    case 'bool':
      return expression.value ? 1 : 0;
    case 'name':
      return expression.name === 'inf' ? Infinity : expression.name === 'nan' ? NaN : undefined;
    case 'unary': {
      const operand = expression.operator === '-' ? numberOf(expression.operand) : undefined;
      return operand === undefined ? undefined : -operand;
    }
    default:
      return undefined;
  }
}

/** `const(0.5)`, all elements of a small tensor, or the hash of a large one. */
export function readConstant(
  reader: GraphReader,
  args: readonly Argument[],
  type: TensorType,
  span: Span,
): Constant | undefined {
  const [first] = args;
  if (first?.name?.text === 'hash' && first.value.kind === 'string') {
    const known = reader.constants.get(first.value.value);
    if (known && formatType(known.type) === formatType(type)) return known;
    const message = `the elements of this constant are not known: ${first.value.value}`;
    return reader.report(span, 'E0706', message, [
      '`cnnc ir -o FILE` writes them to FILE.constants; it must stand beside the graph, as it was written',
    ]);
  }
  const data = args.map((argument) => (argument.name ? undefined : numberOf(argument.value)));
  const count = elementCount(type.shape, 1);
  if (!data.every((n) => n !== undefined))
    return reader.report(span, 'E0704', 'a constant is made of numbers');
  if (data.length === 1 || (data.length === count && type.shape[0] !== 'N'))
    return { kind: 'constant', type, data };
  const wanted = count === 1 ? 'one number' : `one number or ${count}`;
  return reader.report(span, 'E0704', `a constant ${formatType(type)} takes ${wanted}, got ${data.length}`);
}
