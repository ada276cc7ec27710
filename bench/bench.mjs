// npm run bench: prints every table in one run. `node bench.mjs speed memory` prints only some.
import { compileTime } from './compile-time.mjs';
import { memory } from './memory.mjs';
import { size } from './size.mjs';
import { speed } from './speed.mjs';

const parts = { compile: compileTime, memory, size, speed };
const asked = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) {
  if (asked.length === 0 || asked.includes(name)) await part();
}
