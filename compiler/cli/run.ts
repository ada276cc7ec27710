/** The command line as a function: arguments in, exit status out. */
import { Command, CommanderError } from 'commander';
import { addBench } from './commands/bench.ts';
import { addBuild } from './commands/build.ts';
import { addCheck } from './commands/check.ts';
import { addCompare } from './commands/compare.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addExplain } from './commands/explain.ts';
import { addFormat } from './commands/format.ts';
import { addInspect } from './commands/inspect.ts';
import { addIr } from './commands/ir.ts';
import { addNew } from './commands/new.ts';
import { addPlay } from './commands/play.ts';
import { addPredict } from './commands/predict.ts';
import { addSummary } from './commands/summary.ts';
import { addTrain } from './commands/train.ts';
import { addTune } from './commands/tune.ts';
import { exit, report } from './errors.ts';
import type { Io } from './io.ts';
import { quoteWord } from './options.ts';
import { version } from './version.ts';

const commands = [
  addNew,
  addCheck,
  addFormat,
  addSummary,
  addBuild,
  addTrain,
  addCompare,
  addEvaluate,
  addPredict,
  addInspect,
  addIr,
  addBench,
  addTune,
  addPlay,
  addExplain,
];

const epilogue = `
In an empty folder:
  cnnc new digits
  cnnc train digits.cnn
  cnnc predict digits.cnn
  cnnc play digits.cnn
  cnnc build digits.cnn --embed
`;

/** Runs one command: `run(['check', 'digits.cnn'], io)`. Never throws. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = new Command('cnnc')
    .description('Compiles CNN models to standalone TypeScript that trains and predicts.')
    .version(version, '-v, --version')
    .addHelpText('after', epilogue);
  for (const add of commands) add(program, io);
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({
        writeOut: (text) => io.out(text),
        writeErr: (text) => io.err(text),
        outputError: (text, write) => write(text.replace(/^error: /u, 'cnnc: ')),
        getOutHasColors: () => io.color,
        getErrHasColors: () => io.color,
      });
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit.good;
  } catch (error) {
    if (error instanceof CommanderError) return asked(error) ? exit.good : exit.usage;
    return report(error, io, argv.map(quoteWord).join(' '));
  }
}

/** Help and version are what was asked for, not errors. */
function asked({ code }: CommanderError): boolean {
  return code === 'commander.helpDisplayed' || code === 'commander.version';
}
