/** What chevrotain puts into the messages of its errors: only what was expected. `errors.ts` writes the sentences. */
import { EOF, tokenLabel, type IParserErrorMessageProvider } from 'chevrotain';

/** What may stand where a rule found none of its alternatives. */
const byRule: Readonly<Record<string, string>> = {
  item: '`model`, `layer`, `train` or `import`',
  statement: 'a statement',
  expression: 'a value',
  operand: 'a value',
  dim: 'an extent',
  stage: 'a stage',
  link: '`->`',
  argument: 'an argument',
  entry: '`label`, `augment` or a setting such as `loss:`',
  dotted: 'a name',
  graphParameter: '`input`, `param` or `state`',
  graphAtom: 'a value',
};

/** How many errors the parser collects before it gives up: recovering from each takes time linear in what follows. */
const errorLimit = 40;
const tooManyErrors = new Error('too many syntax errors');
let errorCount = 0;

/** The parser asks for one message per error, so this is where they are counted. */
function counted(message: string): string {
  if (++errorCount > errorLimit) throw tooManyErrors;
  return message;
}

/** Runs a parse that is ended after `errorLimit` errors; then its result is that of `giveUp`. */
export function withErrorLimit<T>(parse: () => T, giveUp: () => T): T {
  errorCount = 0;
  try {
    return parse();
  } catch (error) {
    if (error === tooManyErrors) return giveUp();
    throw error;
  }
}

export const expectation: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) =>
    counted(expected === EOF ? (byRule['item'] ?? '') : tokenLabel(expected)),
  buildNotAllInputParsedMessage: () => counted(byRule['item'] ?? ''),
  buildNoViableAltMessage: ({ ruleName }) => counted(byRule[ruleName] ?? 'something else'),
  buildEarlyExitMessage: () => counted('`->`'),
};
