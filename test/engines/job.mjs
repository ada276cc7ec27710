// One training in Node, Deno or Bun: arguments are the module and the job as JSON; prints the result as JSON.
import process from 'node:process';
import { train } from './train.mjs';

const [url, job] = process.argv.slice(2);
console.log(JSON.stringify(await train(await import(url), JSON.parse(job))));
process.exit(0);
