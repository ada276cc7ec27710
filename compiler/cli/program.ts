import type { Io } from './io.ts';
import { processIo } from './io.ts';
import { run } from './run.ts';

/** Runs the command that the process was started with. */
export async function main(load: Io['import']): Promise<void> {
  // Not process.exit: what has been written to a pipe must get through.
  process.exitCode = await run(process.argv.slice(2), processIo(load));
}
