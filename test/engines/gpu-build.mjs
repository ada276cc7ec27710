// Examples as modules for a GPU and for JavaScript, and their shaders one by one.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../../dist/compiler/index.js';
import { emitWgsl } from '../../dist/compiler/emit/wgsl/index.js';
import { analyze } from '../../dist/compiler/frontend/index.js';
import { buildProgram } from '../../dist/compiler/program/build.js';
import { targets } from '../../dist/compiler/program/target.js';

const examples = fileURLToPath(new URL('../../dsl-examples/', import.meta.url));
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
const sourceOf = (name) => ({ entry: join(examples, `${name}.cnn`), read });

/** Names of the examples that have a model. */
export const modelNames = readdirSync(examples)
  .filter((file) => file.endsWith('.cnn') && /^model /m.test(read(join(examples, file))))
  .map((file) => file.slice(0, -'.cnn'.length));

/** The text of an example's module. */
export function moduleOf(name, options) {
  const { files, diagnostics } = compile(sourceOf(name), options);
  const text = files.find(({ path }) => path.endsWith('.js'))?.content;
  if (text === undefined) throw new Error(`${name}: ${diagnostics[0]?.message}`);
  return text;
}

/** Each shader of an example, complete, as `{ name, code, title }`, and all of them as one module. */
export function shadersOf(model) {
  const { model: analyzed, diagnostics } = analyze(sourceOf(model));
  if (!analyzed) throw new Error(`${model}: ${diagnostics[0]?.message}`);
  const { program } = buildProgram(analyzed, { target: targets.wgsl });
  const { common, shaders } = emitWgsl(program);
  const complete = (texts) => [common, ...texts].join('\n');
  const all = complete(shaders.map(({ text }) => text));
  return [
    ...shaders.map(({ name, text }) => ({ name, code: complete([text]), title: `${model}, ${name}` })),
    { name: `${model}.wgsl`, code: all, title: `${model}.wgsl`, whole: true },
  ];
}
