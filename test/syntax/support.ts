import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, type Argument, type Expression, type File, type Stage } from '../../compiler/syntax/index.ts';

/** The four files of the language's description. */
export const exampleNames = ['digits', 'residual', 'detector', 'norm'] as const;
export const examples: readonly string[] = exampleNames.map((name) =>
  readFileSync(fileURLToPath(new URL(`files/${name}.cnn`, import.meta.url)), 'utf8'),
);

export const codesOf = (text: string): readonly string[] =>
  parse('test.cnn', text).diagnostics.map(({ code }) => code);

/** The file of a text without diagnostics. */
export function parsed(text: string): File {
  const { file, diagnostics } = parse('test.cnn', text);
  if (diagnostics.length > 0) throw new Error(`${text}\n${JSON.stringify(diagnostics, null, 2)}`);
  return file;
}

/** The tree as plain data, without spans. */
export function withoutSpans(tree: unknown): unknown {
  return JSON.parse(JSON.stringify(tree, (key, value: unknown) => (key === 'span' ? undefined : value)));
}

/** The value of `y = TEXT`, as `show` prints it. */
export function expression(text: string): string {
  const [item] = parsed(`model A {\n  y = ${text}\n}\n`).items;
  if (item?.kind !== 'model') throw new Error('no model');
  const [statement, ...rest] = item.body;
  if (statement?.kind !== 'let' || rest.length > 0) throw new Error(`not one binding: ${text}`);
  return show(statement.value);
}

/** An expression as a fully bracketed text that shows its structure. */
export function show(expression: Expression): string {
  switch (expression.kind) {
    case 'int':
      return String(expression.value);
    case 'float':
      return `${expression.value}f`;
    case 'size':
      return expression.values.join('x');
    case 'string':
      return JSON.stringify(expression.value);
    case 'bool':
      return String(expression.value);
    case 'name':
      return expression.name;
    case 'value':
      return `%${expression.id}`;
    case 'tuple':
      return `tuple(${expression.items.map(show).join(', ')})`;
    case 'list':
      return `[${expression.items.map(show).join(', ')}]`;
    case 'unary':
      return `(${expression.operator} ${show(expression.operand)})`;
    case 'binary':
      return `(${show(expression.left)} ${expression.operator} ${show(expression.right)})`;
    case 'call':
      return `${show(expression.callee)}${showArguments(expression.args)}`;
    case 'subscript':
      return `${show(expression.object)}[${expression.indices.map(show).join(', ')}]`;
    case 'member':
      return `${show(expression.object)}.${expression.member.text}`;
    case 'if':
      return `(${show(expression.condition)} ? ${show(expression.consequent)} : ${show(expression.alternative)})`;
    case 'chain':
      return `{${[show(expression.head), ...expression.stages.map(showStage)].join(' > ')}}`;
  }
}

function showArguments(args: readonly Argument[] | undefined): string {
  if (args === undefined) return '';
  const shown = args.map(({ name, value }) =>
    name === undefined ? show(value) : `${name.text}: ${show(value)}`,
  );
  return `(${shown.join(', ')})`;
}

export function showStage(stage: Stage): string {
  switch (stage.kind) {
    case 'apply':
      return `${stage.callee.text}${showArguments(stage.args)}${stage.as === undefined ? '' : ` as ${stage.as.text}`}`;
    case 'output':
      return `output ${stage.name.text}${showArguments(stage.args)}`;
    case 'for':
      return `for ${stage.variable.text} in ${show(stage.iterable)} {${stage.stages.map(showStage).join(' > ')}}`;
  }
}

/** The text with the edits of all fixes made, again and again until no fix is left. */
export function fixed(text: string): string {
  for (let round = 0; round < 10; round++) {
    const fixes = parse('test.cnn', text).diagnostics.flatMap(({ fix }) => fix ?? []);
    if (fixes.length === 0) break;
    const edits = fixes.flatMap((fix) => fix.edits).sort((a, b) => b.span.start - a.span.start);
    let from = Infinity;
    for (const { span, text: replacement } of edits) {
      if (span.end > from) continue; // overlaps another one: next round
      text = text.slice(0, span.start) + replacement + text.slice(span.end);
      from = span.start;
    }
  }
  return text;
}
