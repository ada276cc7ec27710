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

/** Each shader of an example, complete, as `{ name, code, title, f16 }`, and all of them as one module. `f16`: needs that. */
export function shadersOf(model) {
  const { model: analyzed, diagnostics } = analyze(sourceOf(model));
  if (!analyzed) throw new Error(`${model}: ${diagnostics[0]?.message}`);
  const { program } = buildProgram(analyzed, { target: targets.wgsl, halves: true });
  const { common, shaders: kernels, gate } = emitWgsl(program);
  const shaders = [...kernels, ...(gate ? [gate] : [])];
  return [false, true].flatMap((f16) => {
    const own = shaders.filter((shader) => (shader.f16 === true) === f16);
    if (own.length === 0) return [];
    const complete = (texts) => [...(f16 ? ['enable f16;'] : []), common, ...texts].join('\n');
    const file = `${model}${f16 ? '.f16' : ''}.wgsl`;
    const all = complete(own.map(({ text }) => text));
    return [
      ...own.map(({ name, text }) => ({ name, code: complete([text]), title: `${model}, ${name}`, f16 })),
      { name: file, code: all, title: file, whole: true, f16 },
    ];
  });
}
