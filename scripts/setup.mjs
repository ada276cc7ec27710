// Makes a fresh clone ready: installs the pinned packages and builds dist/. Uses Node's own modules only,
// because it runs before anything is installed. Does nothing where everything is newer than its sources.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(
    0,
    ...readdirSync(path)
      .filter((name) => name !== 'generated')
      .map((name) => newest(join(path, name))),
  );
}

const time = (path) => (existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0);

if (time('node_modules/.package-lock.json') < time('package-lock.json'))
  run('npm', ['ci', '--no-fund', '--no-audit']);
const sources = [
  'app',
  'compiler',
  'runtime',
  'scripts',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
];
const results = ['dist/compiler/index.js', 'dist/compiler/cli/program.cjs', 'dist/app/index.html'];
const built = Math.min(...results.map(time));
if (built < Math.max(...sources.map((path) => newest(join(root, path))))) {
  run('npm', ['run', '--silent', 'build']);
}
