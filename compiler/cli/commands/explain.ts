import type { Command } from 'commander';
import { didYouMean } from '../../base/suggest.ts';
import { codePages } from '../../index.ts';
import type { CodePage } from '../../index.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';

export function addExplain(program: Command, io: Io): void {
  program
    .command('explain')
    .description('what a diagnostic means, with an example and its mended form')
    .argument('[code]', 'E0101; without it, a list of all')
    .action((code: string | undefined) => {
      const pages = new Map<string, CodePage>(Object.entries(codePages));
      if (code === undefined) {
        for (const [name, { title }] of [...pages].sort(([a], [b]) => (a < b ? -1 : 1)))
          io.out(`${name}  ${title}\n`);
        return;
      }
      const page = pages.get(code.toUpperCase());
      if (!page) {
        const close = didYouMean(code.toUpperCase(), [...pages.keys()]);
        const hint = close === undefined ? '' : `; did you mean ${close}?`;
        throw new UsageError(`there is no code ${code}${hint} (\`cnnc explain\` lists them all)`);
      }
      const indented = (text: string): string =>
        text
          .trimEnd()
          .split('\n')
          .map((line) => (line === '' ? '' : `    ${line}`))
          .join('\n');
      io.out(
        `${code.toUpperCase()}: ${page.title}\n\n${page.explanation.trim()}\n\n` +
          `wrong:\n\n${indented(page.wrong)}\n\nright:\n\n${indented(page.right)}\n`,
      );
    });
}
