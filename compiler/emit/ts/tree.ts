/** What a module is printed from: declarations whose types can be left out. One tree gives `.ts`, `.js` and `.d.ts`. */
import type { Data } from './data.ts';
import { lineWidth, printData } from './data.ts';

export type Language = 'ts' | 'js' | 'd.ts';

/** A line of code that differs by its types. */
export type Line = string | { readonly ts: string; readonly js: string };

export interface FunctionNode {
  readonly kind: 'function';
  readonly doc: readonly string[];
  readonly exported?: boolean;
  readonly async?: boolean;
  readonly name: string;
  readonly params: readonly { readonly name: string; readonly type: string; readonly initial?: string }[];
  readonly returns: string;
  readonly body: readonly Line[];
}

export interface ConstNode {
  readonly kind: 'const';
  readonly doc: readonly string[];
  readonly exported?: boolean;
  readonly name: string;
  readonly type: string;
  readonly value: Data;
}

export type Declaration =
  | FunctionNode
  | ConstNode
  /** Ready text, such as a file of the runtime. Empty text is left out. */
  | { readonly kind: 'text'; readonly ts: string; readonly js: string; readonly dts: string }
  /** A heading between the parts of the file. */
  | { readonly kind: 'section'; readonly title: string };

/** The text of a module: one empty line between declarations. */
export function printModule(declarations: readonly Declaration[], language: Language): string {
  const texts = declarations.map((declaration) => printDeclaration(declaration, language));
  return `${texts.filter((text) => text !== '').join('\n\n')}\n`;
}

function printDeclaration(node: Declaration, language: Language): string {
  switch (node.kind) {
    case 'function':
      return printFunction(node, language);
    case 'const':
      return printConst(node, language);
    case 'text':
      return language === 'd.ts' ? node.dts : node[language];
    case 'section':
      return language === 'd.ts' ? '' : `// ${`${node.title} `.padEnd(lineWidth - 3, '-')}`;
    default:
      return node satisfies never;
  }
}

export function docComment(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  if (lines.length === 1) return `/** ${lines[0]} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}

function printFunction(node: FunctionNode, language: Language): string {
  if (language === 'd.ts' && !node.exported) return '';
  const typed = language !== 'js';
  const params = node.params.map(({ name, type, initial }) => {
    if (language === 'd.ts') return `${name}${initial === undefined ? '' : '?'}: ${type}`;
    return `${name}${typed ? `: ${type}` : ''}${initial === undefined ? '' : ` = ${initial}`}`;
  });
  const before = node.exported ? `export ${language === 'd.ts' ? 'declare ' : ''}` : '';
  const head = `${before}${node.async && language !== 'd.ts' ? 'async ' : ''}function ${node.name}(`;
  const tail = `)${typed ? `: ${node.returns}` : ''}${language === 'd.ts' ? ';' : ' {'}`;
  const flat = `${head}${params.join(', ')}${tail}`;
  const fits = flat.length <= lineWidth;
  const start = fits ? flat : `${head}\n${params.map((param) => `  ${param},\n`).join('')}${tail}`;
  const doc = docComment(node.doc);
  if (language === 'd.ts') return doc + start;
  const body = node.body.map((line) => (typeof line === 'string' ? line : line[language]));
  return `${doc}${start}\n${body.map((line) => `  ${line}\n`).join('')}}`;
}

function printConst(node: ConstNode, language: Language): string {
  const doc = docComment(node.doc);
  if (language === 'd.ts') {
    return node.exported ? `${doc}export declare const ${node.name}: ${node.type};` : '';
  }
  const head = `${node.exported ? 'export ' : ''}const ${node.name}${language === 'ts' ? `: ${node.type}` : ''} =`;
  const value = printData(node.value, 0, head.length + 1);
  const isLongString = /^['"]/.test(value) && head.length + 2 + value.length > lineWidth;
  return `${doc}${head}${isLongString ? '\n  ' : ' '}${value};`;
}
