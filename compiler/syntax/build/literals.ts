/** Numbers, strings and names of one token. */
import type { IToken } from 'chevrotain';
import type { Expression } from '../ast.ts';
import { problem, quote, replace } from '../report.ts';
import * as t from '../tokens.ts';
import { spanOfToken, type Context } from './context.ts';

export function buildAtom(context: Context, atom: IToken): Expression {
  const span = spanOfToken(context, atom);
  switch (atom.tokenType) {
    case t.Int:
      return { kind: 'int', value: numberOf(context, atom), span };
    case t.Float:
      return { kind: 'float', value: numberOf(context, atom), span };
    case t.Size:
      return { kind: 'size', values: atom.image.split('x').map(Number), span };
    case t.StringLiteral:
      return { kind: 'string', value: stringOf(context, atom), span };
    case t.True:
    case t.False:
      return { kind: 'bool', value: atom.tokenType === t.True, span };
    case t.GraphValue:
      return { kind: 'value', id: Number(atom.image.slice(1)), span };
    default:
      return buildName(context, atom);
  }
}

function buildName(context: Context, name: IToken): Expression {
  const span = spanOfToken(context, name);
  if (name.image !== 'True' && name.image !== 'False') return { kind: 'name', name: name.image, span };
  const instead = name.image.toLowerCase();
  const fix = replace(`write \`${instead}\``, span, instead);
  context.report(problem('E0108', span, `\`${name.image}\` is written \`${instead}\``, { fix }));
  return { kind: 'bool', value: instead === 'true', span };
}

function numberOf(context: Context, literal: IToken): number {
  const value = Number(literal.image);
  if (Number.isFinite(value)) return value;
  if (value === Infinity) {
    const message = `${quote(literal.image)} is larger than any number that can be stored`;
    context.report(problem('E0129', spanOfToken(context, literal), message));
  }
  return 0; // malformed: diagnosed with the token
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** The value of a string token. Escapes are those of JSON. A single-quoted string is diagnosed. */
export function stringOf(context: Context, literal: IToken, wordInstead = false): string {
  const { image } = literal;
  const sign = image[0];
  const closed = image.length > 1 && image.endsWith(sign ?? '');
  const inner = image.slice(1, closed ? -1 : undefined);
  if (sign === "'" && closed) reportSingleQuotes(context, literal, inner, wordInstead);
  return inner.replace(
    /\\(?:u([\da-fA-F]{4})|(.))/gsu,
    (escape, code: string | undefined, letter: string, at: number) => {
      if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
      const meant = escapes[letter];
      if (meant !== undefined) return meant;
      const start = literal.startOffset + 1 + at;
      const span = { file: context.file, start, end: start + escape.length };
      const notes = [{ message: 'a backslash itself is written `\\\\`' }];
      context.report(problem('E0123', span, `${quote(escape)} means nothing in a string`, { notes }));
      return letter;
    },
  );
}

function reportSingleQuotes(context: Context, literal: IToken, inner: string, wordInstead: boolean): void {
  const span = spanOfToken(context, literal);
  const word = wordInstead && /^[A-Za-z_]\w*$/.test(inner);
  const instead = word ? inner : `"${inner.replaceAll(/\\'/g, "'").replaceAll(/(?<!\\)"/g, '\\"')}"`;
  const message = word ? `a word needs no quotes: write ${quote(instead)}` : 'strings have double quotes';
  context.report(problem('E0105', span, message, { fix: replace(`write ${quote(instead)}`, span, instead) }));
}
