import { resolve } from 'node:path';
import type { Command } from 'commander';
import { format } from '../../index.ts';
import { InputError } from '../errors.ts';
import type { Io } from '../io.ts';
import { cnnFiles, openSource, printDiagnostics } from '../source.ts';
import { writeFileAtomic } from '../write.ts';

export function addFormat(program: Command, io: Io): void {
  program
    .command('format')
    .description('lay out .cnn files in the one common way')
    .argument('<files...>', '.cnn files; a folder: all in it')
    .option('--check', 'change nothing; exit with 1 where something would change')
    .action((files: readonly string[], options: { readonly check?: boolean }) => {
      let good = true;
      for (const file of cnnFiles(io, files)) {
        const source = openSource(io, file);
        const text = source.read(source.entry) ?? '';
        const result = format(source.entry, text);
        if (!('text' in result)) {
          printDiagnostics(io, source, result.diagnostics);
          good = false;
        } else if (result.text !== text) {
          io.out(`${file}${options.check ? ': not formatted' : ''}\n`);
          if (options.check) good = false;
          else writeFileAtomic(resolve(io.cwd, file), result.text);
        }
      }
      if (!good) throw new InputError('');
    });
}
