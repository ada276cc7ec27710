// Makes compiler/generated/: the prelude and the runtime as text modules, so that compile() needs no file access.
// Deterministic, and writes only what changed. The runtime is kept as TypeScript, as JavaScript (tsc takes the types
// away and keeps the comments) and as declarations, each printed by prettier as it will stand in a generated module:
// without imports, and with `export` only on what a generated module exports.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const generated = join(root, 'compiler/generated');
/** What generated modules export, besides everything in the type files. */
const exported = new Set(['ModelError']);

const list = (folder, ending) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder))
        .filter((name) => name.endsWith(ending))
        .sort()
    : [];
const read = (...path) => readFileSync(join(root, ...path), 'utf8').replaceAll('\r\n', '\n');
const hash = (...texts) => createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16);

function write(name, text) {
  const path = join(generated, name);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(generated, { recursive: true });
  // Renamed into place: another process may be reading or generating at the same time.
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

function generatePrelude() {
  const files = list('compiler/prelude', '.cnn').map((name) => ({
    path: `prelude/${name}`,
    text: read('compiler/prelude', name),
  }));
  const type = 'readonly { readonly path: string; readonly text: string }[]';
  write(
    'prelude.ts',
    `// Made by scripts/generate.mjs.\nexport const prelude: ${type} = ${JSON.stringify(files, null, 2)};\n`,
  );
}

/** The runtime's files through tsc: name → { js, dts }. */
function compileRuntime(names) {
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-generate-'));
  try {
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2023'],
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      strict: true,
      noCheck: true,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
      skipLibCheck: true,
      declaration: true,
      rootDir: join(root, 'runtime'),
      outDir: join(folder, 'out'),
    };
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: names.map((name) => join(root, 'runtime', name)) }),
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const result = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    if (result.status !== 0)
      throw new Error(`tsc could not compile runtime/:\n${result.stdout}${result.stderr}`);
    const out = (name, ending) => readFileSync(join(folder, 'out', name.replace(/\.ts$/, ending)), 'utf8');
    return new Map(names.map((name) => [name, { js: out(name, '.js'), dts: out(name, '.d.ts') }]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const withoutImports = (text) =>
  text.replaceAll(/^import [^;]*?from '[^']+';\n/gm, '').replaceAll(/^export \{\};\n?/gm, '');

/** Comments that explain the runtime itself are for readers of runtime/; every module would carry them around. */
const withoutComments = (text) =>
  text.replaceAll(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '').replaceAll(/^ *\/\/.*\n/gm, '');

const withoutExports = (text, keep) =>
  text.replaceAll(
    /^export ((?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type) (\w+))/gm,
    (whole, declaration, name) => (keep(name) ? whole : declaration),
  );

/** tsc drops empty lines: puts one back before every top-level declaration that has a comment or a body. */
const withEmptyLines = (text) =>
  text.replaceAll(
    /(?<=[^\n])\n(?=(?:\/\*\*|(?:export )?(?:async )?(?:function|class) ))/g,
    (newline, offset) => (text.slice(0, offset).endsWith('*/') ? newline : '\n\n'),
  );

/** Identifiers in code (not in comments or strings, not after a dot): names a generated module must not redefine. */
function identifiers(text) {
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/\/\/.*$/gm, ' ')
    .replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''");
  return [...new Set([...code.matchAll(/(?<![\w$.])[A-Za-z_$][\w$]*/g)].map(([name]) => name))].sort();
}

async function generateRuntime() {
  // types.ts only gathers the public types for importers.
  const names = list('runtime', '.ts').filter((name) => name !== 'types.ts');
  const sources = names.map((name) => read('runtime', name));
  const { version } = JSON.parse(read('package.json'));
  const scripts = [read('scripts/generate.mjs'), read('scripts/runtime-parts.mjs')];
  const inputs = hash(scripts, read('.prettierrc.json'), version, names, sources);
  const stamp = `// Made by scripts/generate.mjs from ${inputs}.\n`;
  const path = join(generated, 'runtime.ts');
  if (existsSync(path) && readFileSync(path, 'utf8').startsWith(stamp)) return;
  const compiled = names.length > 0 ? compileRuntime(names) : new Map();
  const files = await Promise.all(names.map((name, i) => runtimeFile(name, sources[i], compiled.get(name))));
  write(
    'runtime.ts',
    `${stamp}${runtimeTypes}
/** Of cnnc. */
export const version = '${version}';

export const runtime: readonly RuntimeFile[] = ${JSON.stringify(files, null, 2)};
`,
  );
}

const runtimeTypes = `
/** One file of runtime/, as it stands in a generated module: without imports, \`export\` only on the public names. */
export interface RuntimeFile {
  readonly name: string;
  /** The runtime files it uses directly. */
  readonly imports: readonly string[];
  /** Its top-level names. */
  readonly declares: readonly string[];
  /** Every identifier in its code: names that a generated module must not redefine at its top level. */
  readonly mentions: readonly string[];
  /** The words of its JavaScript, besides those of parts that may be left out, and the strings. */
  readonly words: readonly string[];
  readonly strings: readonly string[];
  readonly ts: readonly RuntimePart[];
  readonly js: readonly RuntimePart[];
  /** Of public types. */
  readonly dts: readonly RuntimePart[];
}

/** A text, one that stands only where code has this word, or a union of those of these error codes that code has. */
export type RuntimePart =
  | string
  | { readonly name: string; readonly text: string }
  | { readonly codes: readonly string[] };
`;

/** A `RuntimeFile`, of its source and of what tsc makes of it. */
async function runtimeFile(name, source, { js, dts }) {
  const { format } = await import('prettier');
  const { partsOf } = await import('./runtime-parts.mjs');
  const style = { ...JSON.parse(read('.prettierrc.json')), endOfLine: 'lf' };
  const isPublic = name.endsWith('-types.ts') || name === 'errors.ts';
  const keep = (declared) => isPublic || exported.has(declared);
  const print = async (text, parser) => {
    const own = withoutExports(withoutImports(text), keep);
    return (await format(isPublic ? own : withoutComments(own), { ...style, parser })).trim();
  };
  const ts = await print(source, 'typescript');
  const code = partsOf(await print(withEmptyLines(js), 'babel'));
  const imports = [...source.matchAll(/from '\.\/([\w-]+)\.ts'/g)].map(([, file]) => file);
  const declarations =
    /^(?:export )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm;
  return {
    name: name.replace(/\.ts$/, ''),
    imports: [...new Set(imports)].sort(),
    declares: [...ts.matchAll(declarations)].map(([, declared]) => declared),
    mentions: identifiers(ts),
    words: code.words,
    strings: code.strings,
    ts: partsOf(ts).parts,
    js: code.parts,
    dts: isPublic ? partsOf(await print(withEmptyLines(dts), 'typescript')).parts : [],
  };
}

/** The script of the page that `cnnc inspect` writes: app/view/ and what it uses of the runtime, as one text. */
async function generateViewer() {
  const names = list('app/view', '.ts');
  const sources = [
    ...names.map((name) => read('app/view', name)),
    ...list('runtime', '.ts').map((name) => read('runtime', name)),
  ];
  const stamp = `// Made by scripts/generate.mjs from ${hash(read('scripts/generate.mjs'), names, sources)}.\n`;
  const path = join(generated, 'viewer.ts');
  if (existsSync(path) && readFileSync(path, 'utf8').startsWith(stamp)) return;
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(root, 'app/view/page.ts')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'ascii',
    write: false,
  });
  const type = '/** For a `<script>`. */\nexport const viewer: string';
  write('viewer.ts', `${stamp}${type} = ${JSON.stringify(outputFiles[0].text.trim())};\n`);
}

generatePrelude();
await generateRuntime();
await generateViewer();
