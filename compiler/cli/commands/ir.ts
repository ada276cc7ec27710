import { resolve } from 'node:path';
import type { Command } from 'commander';
import { constantsPath, dump, hasErrors, pipeline } from '../../index.ts';
import { InputError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { addModelOptions, modelOptions, oneOf, wholeNumber, wordList } from '../options.ts';
import type { ModelOptions } from '../options.ts';
import { openSource, printDiagnostics } from '../source.ts';
import { writeFilesAtomic } from '../write.ts';

interface Options extends ModelOptions {
  readonly stage: 'graph' | 'loops' | 'plan';
  readonly target: 'ts' | 'wasm' | 'wgsl';
  readonly after?: string;
  readonly afterEach?: boolean;
  readonly passes?: readonly string[];
  readonly inference?: boolean;
  readonly observe?: boolean;
  readonly batchSize?: number;
  readonly output?: string;
}

export function addIr(program: Command, io: Io): void {
  const command = program
    .command('ir')
    .description("the compiler's own view of a model, as text")
    .argument('<file>', 'a .cnn file, or graphs as this command prints them');
  addModelOptions(command)
    .option('--stage <stage>', 'graph, loops or plan', oneOf('graph', 'loops', 'plan'), 'graph')
    .option('--target <name>', 'ts, wasm or wgsl: what it is for', oneOf('ts', 'wasm', 'wgsl'), 'ts')
    .option('--after <pass>', 'the graphs as they leave this pass; `frontend`: before the first')
    .option('--after-each', 'the graphs after each pass')
    .option('--passes <list>', 'run these passes in this order', wordList)
    .option('--inference', 'without training')
    .option('--observe', 'with the routine `observe`, which shows what each layer makes of a sample')
    .option('--batch-size <n>', 'the largest batch of a prediction', wholeNumber(1))
    .option('-o, --output <file>', 'write to this file, and large constants to FILE.constants beside it')
    .addHelpText(
      'after',
      () => `\nPasses, in order:\n${pipeline.map(({ name, doc }) => `  ${name}: ${doc}`).join('\n')}`,
    )
    .action((file: string, options: Options) => {
      checkNames(options);
      const source = openSource(io, file);
      const { text, constants, diagnostics } = dump(source, {
        ...modelOptions(options),
        stage: options.stage,
        target: options.target,
        ...(options.after !== undefined && { after: options.after }),
        ...(options.afterEach && { afterEach: true }),
        ...(options.passes && { passes: options.passes }),
        ...(options.inference && { inference: true }),
        ...(options.observe && { observe: true }),
        ...(options.batchSize !== undefined && { batchSize: options.batchSize }),
      });
      printDiagnostics(io, source, diagnostics);
      if (hasErrors(diagnostics)) throw new InputError('');
      if (options.output !== undefined) write(resolve(io.cwd, options.output), text, constants);
      else {
        io.out(text);
        if (constants !== '') io.err(hashesOnly);
      }
    });
}

const hashesOnly =
  'Large constants stand as hashes. To read the graphs back, write them with -o FILE: it keeps the elements beside them.\n';

function write(path: string, text: string, constants: string): void {
  const beside = constants === '' ? [] : [{ path: constantsPath(path), content: constants }];
  writeFilesAtomic([{ path, content: text }, ...beside]);
}

function checkNames({ stage, after, afterEach, passes }: Options): void {
  const names = pipeline.map(({ name }) => name);
  for (const name of [...(passes ?? []), ...(after === undefined || after === 'frontend' ? [] : [after])]) {
    if (!names.includes(name))
      throw new UsageError(`there is no pass \`${name}\`; there are ${names.join(', ')}`);
  }
  if (stage !== 'graph' && (after !== undefined || afterEach)) {
    throw new UsageError('--after and --after-each show graphs; they do not go with another --stage');
  }
}
