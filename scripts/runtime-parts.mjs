// What a generated module may leave out of a file of the runtime, found on its syntax tree: optional members of types that no
// code of the module names, calls of methods that no engine of the module has, and error codes that no code gives.
import { parsers } from 'prettier/plugins/typescript';

const parse = (text) => parsers.typescript.parse(text, { filepath: 'runtime.ts' });

/** Each node below this one, from outside to inside; not what is below a node for which `visit` gives true. */
function walk(node, visit) {
  if (Array.isArray(node)) for (const each of node) walk(each, visit);
  else if (typeof node?.type === 'string' && !visit(node))
    for (const [key, value] of Object.entries(node))
      if (typeof value === 'object' && !['loc', 'range', 'tokens', 'comments'].includes(key))
        walk(value, visit);
}

/** The method of a statement such as `await this.engine.finish?.();` */
function optionalCall({ type, expression }) {
  if (type !== 'ExpressionStatement') return undefined;
  const chain = expression.type === 'AwaitExpression' ? expression.argument : expression;
  const call = chain.type === 'ChainExpression' ? chain.expression : chain;
  if (call.type !== 'CallExpression' || !call.optional) return undefined;
  const { object, property } = call.callee;
  return (object?.property ?? object)?.name === 'engine' ? property.name : undefined;
}

function optionalMember({ type, optional, key }) {
  return optional && (type === 'TSPropertySignature' || type === 'TSMethodSignature') ? key.name : undefined;
}

/** The whole lines of a node and of the comment before it; undefined where something else stands on its first line. */
function linesOf(text, comments, [start, end]) {
  const comment = comments.find(({ range: [, end] }) => end < start && text.slice(end, start).trim() === '');
  const first = text.lastIndexOf('\n', comment ? comment.range[0] : start) + 1;
  if (text.slice(first, comment ? comment.range[0] : start).trim() !== '') return undefined;
  return [first, text.indexOf('\n', end) + 1 || text.length];
}

/**
 * A text in parts, in order: a string, or `{ name, text }` for what stands there where code has that name, or `{ codes }` for
 * the error codes of a union. Besides the words and the strings of its code outside of such parts.
 */
export function partsOf(text) {
  const { body, comments } = parse(text);
  const found = [];
  const words = new Set();
  const strings = new Set();
  walk(body, (node) => {
    if (node.type === 'TSTypeAliasDeclaration' && node.id.name === 'ErrorCode') {
      const codes = node.typeAnnotation.types.map(({ literal }) => literal.value);
      found.push({ range: [node.id.range[1], node.range[1]], part: { codes } });
      return true;
    }
    const { type, value } = node;
    if (type === 'Literal' && typeof value === 'string') strings.add(value);
    const written = type === 'TemplateElement' ? value.raw : type === 'Literal' ? String(value) : node.name;
    if (typeof written === 'string') for (const [word] of written.matchAll(wordPattern)) words.add(word);
    const name = optionalCall(node) ?? optionalMember(node);
    const range = name === undefined ? undefined : linesOf(text, comments, node.range);
    if (range) found.push({ range, part: { name, text: text.slice(...range) } });
    return range !== undefined;
  });
  const parts = [];
  let end = 0;
  for (const { range, part } of found) {
    parts.push(text.slice(end, range[0]), part);
    end = range[1];
  }
  const kept = [...parts, text.slice(end)].filter((part) => part !== '');
  return { parts: kept, words: [...words].sort(), strings: [...strings].sort() };
}

const wordPattern = /[A-Za-z_$][\w$]*/g;
