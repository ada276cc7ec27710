// Tries a generated module in projects that the starters of Vite, Next and Deno make: each project imports it, checks its
// types, builds, and (Next, Deno) runs it. Downloads the starters, so it is not part of the tests.
//
//   npm run setup && node scripts/starters/try.mjs [vite] [next] [deno]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cnnc-starters-'));

function run(cwd, command, ...args) {
  console.log(`$ ${[command, ...args].join(' ')}`);
  const result = spawnSync(command, args, {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
    env: { ...process.env, CI: 'true', npm_config_yes: 'true', NEXT_TELEMETRY_DISABLED: '1' },
  });
  if (result.status !== 0) throw new Error(`${command} ended with ${result.status ?? result.signal}`);
}

/** Both targets of the digits model, in `modules/`. */
function buildModules() {
  const cli = join(root, 'dist/compiler/cli/main.js');
  const model = join(root, 'dsl-examples/digits.cnn');
  for (const target of ['ts', 'js'])
    run(
      folder,
      process.execPath,
      cli,
      'build',
      model,
      '--target',
      target,
      '-o',
      join(folder, 'modules', target),
    );
}

/** A function that uses what a module exports; `from` is how the project writes the import. */
const use = (from) => `import { classes, createModel, signature } from '${from}';
import type { Model } from '${from}';

export async function lookAtDigit(): Promise<string> {
  const model: Model = await createModel({ seed: 1 });
  const { digit } = await model.predict({ image: new Uint8Array(28 * 28) });
  const sum = digit.reduce((a, b) => a + b, 0);
  await model.dispose();
  if (Math.abs(sum - 1) > 1e-5) throw new Error(\`the probabilities add up to \${sum}\`);
  return \`\${digit.length} probabilities for \${classes.digit.join(' ')} from \${Object.keys(signature).join(', ')}\`;
}
`;

function place(project, at) {
  mkdirSync(join(project, at), { recursive: true });
  cpSync(join(folder, 'modules/ts'), join(project, at, 'ts'), { recursive: true });
  cpSync(join(folder, 'modules/js'), join(project, at, 'js'), { recursive: true });
}

const starters = {
  vite() {
    run(folder, 'npm', 'create', 'vite@9', 'vite-app', '--', '--template', 'vanilla-ts', '--no-interactive');
    const project = join(folder, 'vite-app');
    place(project, 'src/model');
    writeFileSync(join(project, 'src/fromTs.ts'), use('./model/ts/digits.ts'));
    writeFileSync(join(project, 'src/fromJs.ts'), use('./model/js/digits.js'));
    writeFileSync(
      join(project, 'src/main.ts'),
      `import { lookAtDigit as first } from './fromTs.ts';
import { lookAtDigit as second } from './fromJs.ts';

document.body.textContent = (await first()) + (await second());
`,
    );
    run(project, 'npm', 'install');
    run(project, 'npm', 'run', 'build');
  },

  next() {
    // `--empty`: without the web fonts, which a build would download.
    const options =
      '--ts --app --no-linter --no-tailwind --no-src-dir --use-npm --yes --disable-git --empty'.split(' ');
    run(folder, 'npx', '--yes', 'create-next-app@16', 'next-app', ...options);
    const project = join(folder, 'next-app');
    place(project, 'app/model');
    writeFileSync(join(project, 'app/fromTs.ts'), use('./model/ts/digits'));
    writeFileSync(join(project, 'app/fromJs.ts'), use('./model/js/digits'));
    // The page is made when the project is built, which runs the module.
    writeFileSync(
      join(project, 'app/page.tsx'),
      `import { lookAtDigit as first } from './fromTs';
import { lookAtDigit as second } from './fromJs';

export default async function Page() {
  'use cache';
  return <p>{await first()} {await second()}</p>;
}
`,
    );
    run(project, 'npm', 'run', 'build');
  },

  deno() {
    const project = join(folder, 'deno-app');
    run(folder, 'npm', 'install', '--prefix', folder, '--no-save', 'deno@2.9.6');
    const deno = join(folder, 'node_modules/.bin/deno');
    run(folder, deno, 'init', 'deno-app');
    place(project, 'model');
    writeFileSync(join(project, 'from_ts.ts'), use('./model/ts/digits.ts'));
    writeFileSync(join(project, 'from_js.ts'), use('./model/js/digits.js'));
    writeFileSync(
      join(project, 'main.ts'),
      `import { lookAtDigit as first } from './from_ts.ts';
import { lookAtDigit as second } from './from_js.ts';

console.log(await first());
console.log(await second());
`,
    );
    run(project, deno, 'check', 'main.ts');
    run(project, deno, 'run', 'main.ts');
  },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in starters));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(starters).join(', ')}`);
  process.exit(2);
}
const failed = [];
try {
  buildModules();
  for (const name of asked.length > 0 ? asked : Object.keys(starters)) {
    console.log(`\n== ${name}`);
    try {
      starters[name]();
    } catch (error) {
      failed.push(name);
      console.error(`== ${name}: ${error.message}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failed.length === 0 ? '\nall good' : `\nfailed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
