// Installs the packages of this folder: engines, and Dawn. Does nothing where they are newer than what pins them.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

export function install() {
  const time = (path) => (existsSync(join(here, path)) ? statSync(join(here, path)).mtimeMs : 0);
  if (time('node_modules/.package-lock.json') >= time('package-lock.json')) return;
  const options = { cwd: here, stdio: 'inherit', shell: process.platform === 'win32' };
  if (spawnSync('npm', ['ci', '--no-fund', '--no-audit'], options).status !== 0) process.exit(1);
}
