// One folder for everything that tests write outside of the repository, removed when all have run. Workers inherit TMPDIR.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-test-'));
  // The second is what Windows reads.
  Object.assign(process.env, { TMPDIR: folder, TEMP: folder });
  return () => rmSync(folder, { recursive: true, force: true });
}
