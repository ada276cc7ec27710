#!/usr/bin/env node
import { processIo } from './io.ts';
import { run } from './run.ts';

// Not process.exit: what has been written to a pipe must get through.
process.exitCode = await run(process.argv.slice(2), processIo());
