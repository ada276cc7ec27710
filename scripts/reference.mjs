// Makes docs/reference.md from the prelude and the registry of ops. `--check` only says whether it is current.
//
//   npm run reference
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prelude } from '../dist/compiler/generated/prelude.js';
import { ops } from '../dist/compiler/ops/index.js';
import { parse } from '../dist/compiler/syntax/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = join(root, 'docs/reference.md');

/** How it is called: `Conv2D(filters: int, …)(x: f32[N, h, w, c])`, but `softmax(x: f32[N, ..., k])`. */
function signature({ name, parameters, operands }, text) {
  const first = operands[0]?.span.start ?? name.span.end;
  const last = operands.at(-1)?.span.end ?? name.span.end;
  const taken = text.slice(first, last);
  if (/^[A-Z]/.test(name.text)) return text.slice(name.span.start, text.indexOf(')', last) + 1);
  return `${name.text}(${[taken, ...parameters.map(({ span }) => text.slice(span.start, span.end))].join(', ')})`;
}

function layerEntry(layer, text) {
  return [
    `### ${layer.name.text}`,
    '',
    '```',
    signature(layer, text),
    '```',
    '',
    ...(layer.doc ?? '').trim().split('\n'),
    ...requirements(layer, text),
  ];
}

/** What its arguments must fulfil. */
function requirements({ body }, text) {
  const conditions = body.flatMap(({ kind, value }) =>
    kind === 'expression' && value.kind === 'call' && value.callee.name === 'require' ? value.args : [],
  );
  const listed = conditions.map(({ span }) => `\`${text.slice(span.start, span.end)}\``);
  return listed.length === 0 ? [] : ['', `Requires ${listed.join(', ')}.`];
}

function preludeSection({ path: file, text }) {
  const { file: tree } = parse(file, text);
  const title = basename(file, '.cnn').replaceAll('_', ' ').replaceAll('-', ' ');
  const layers = tree.items.filter((item) => item.kind === 'layer' && !item.name.text.startsWith('_'));
  return [
    `## ${title[0].toUpperCase()}${title.slice(1)}`,
    '',
    ...layers.flatMap((layer) => [...layerEntry(layer, text), '']),
  ];
}

const word = (value, type) =>
  type === 'size' && Array.isArray(value)
    ? value.join('x')
    : Array.isArray(value)
      ? `[${value.join(', ')}]`
      : `${value}`;

function opEntry(op) {
  const operands = Object.entries(op.operands);
  const attributes = Object.entries(op.attributes);
  const parts = [
    ...operands.map(([name, { kind }]) => (kind === 'tensors' ? `...${name}` : name)),
    ...attributes.map(([name, { type, default: value }]) =>
      value === undefined ? `${name}: ${type}` : `${name}: ${type} = ${word(value, type)}`,
    ),
  ];
  const dtypes = ({ dtypes: list }) => (list === 'any' ? 'any' : list.join(', '));
  return [
    `### ${op.name}`,
    '',
    '```',
    `${op.name}(${parts.join(', ')})`,
    '```',
    '',
    ...op.doc.split('\n'),
    '',
    ...operands.map(([name, spec]) => `- \`${name}\` (${dtypes(spec)}): ${spec.doc}`),
    ...attributes.map(([name, { doc }]) => `- \`${name}\`: ${doc}`),
    '',
    op.gradient === 'none' ? 'Has no gradient.' : 'Has a gradient.',
    '',
  ];
}

function opSection(title, introduction, list) {
  return [`## ${title}`, '', introduction, '', ...list.flatMap(opEntry)];
}

function reference() {
  const all = [...ops.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const internal = ({ name, traits }) => /_gradient$|_argmax$/.test(name) || traits.includes('pseudo');
  return [
    '# Reference',
    '',
    'Every layer, loss, metric, optimizer and op. Made by `npm run reference` from `compiler/prelude` and `compiler/ops`.',
    'How they are used stands in [language.md](language.md).',
    '',
    ...prelude.flatMap(preludeSection),
    ...opSection(
      'Ops',
      'Tensors come first, then named attributes. `x -> op(…)` puts x first.',
      all.filter((op) => !internal(op)),
    ),
    ...opSection(
      'Ops for gradients',
      'Made by the compiler. They can be called like any other.',
      all.filter(internal),
    ),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

const text = reference();
if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (readFileSync(path, 'utf8') !== text) {
  console.error('docs/reference.md is not what the prelude and the registry say: run npm run reference');
  process.exitCode = 1;
}
