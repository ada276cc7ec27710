/** Pages of how tokens are put together. */
import type { Code, CodePage } from '../../base/diagnostic.ts';

const model = (...lines: readonly string[]): string =>
  `model Small {\n  input x: f32[8]\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
const nested = (depth: number): string => `${'('.repeat(depth)}2${')'.repeat(depth)}`;
const sum = (terms: number): string => Array.from({ length: terms }, () => '1').join(' + ');

export const structureCodes: Readonly<Record<Code, CodePage>> = {
  E0112: {
    title: 'Nesting that is too deep',
    explanation:
      'Brackets, ifs and prefix operators may lie 48 deep in one another. Nobody writes that by hand; give inner parts names of ' +
      'their own.',
    wrong: model(`x -> Dense(${nested(60)}) -> output y`),
    right: model(`x -> Dense(${nested(3)}) -> output y`),
  },
  E0113: {
    title: 'An expression that is too deep',
    explanation:
      'An expression may have 256 operations one within another; a + b + c counts as one within the next. Give parts of it names ' +
      'of their own. Chains of stages and lists may be as long as you like.',
    wrong: model(`x -> Dense(${sum(300)}) -> output y`),
    right: model(`x -> Dense(${sum(3)}) -> output y`),
  },
  E0114: {
    title: 'Too many syntax errors',
    explanation:
      'After 20 errors the rest are not shown: many of them would be consequences of the first. Mend those, then check again. ' +
      '`cnnc check --fix` mends all that have a fix.',
    wrong: Array.from({ length: 30 }, () => '# a comment\n').join('') + model('x -> Dense(2) -> output y'),
    right: '// a comment\n' + model('x -> Dense(2) -> output y'),
  },
  E0115: {
    title: 'Something else was expected',
    explanation:
      'The text goes on in a way the grammar does not know. The message says what could stand at this place; often something is ' +
      'missing just before it, such as a comma between two arguments.',
    wrong: model('x -> Dense(2 activation: relu) -> output y'),
    right: model('x -> Dense(2, activation: relu) -> output y'),
  },
  E0116: {
    title: 'An arrow without a stage',
    explanation:
      'After -> comes a stage on the same line: the name of a layer, an op or a parameter of the type stage, perhaps with ' +
      'arguments; output and a name; or for. To go on in the next line, begin that line with the arrow.',
    wrong: model('x ->', '  Dense(2) -> output y'),
    right: model('x', '  -> Dense(2) -> output y'),
  },
  E0117: {
    title: 'A bracket that is never closed',
    explanation: 'Every ( [ and { has its counterpart. The message points at the bracket that has none.',
    wrong: model('x', '  -> Dense(2, activation: relu', '  -> output y'),
    right: model('x', '  -> Dense(2, activation: relu)', '  -> output y'),
  },
  E0118: {
    title: 'A bracket that closes nothing',
    explanation: 'There is one closing bracket more than there are opening ones.',
    wrong: model('x -> Dense(2)) -> output y'),
    right: model('x -> Dense(2) -> output y'),
  },
  E0119: {
    title: 'An operator after a stage',
    explanation:
      '-> binds weaker than all operators: a + b -> relu is (a + b) -> relu. To calculate with the result of a chain, put the ' +
      'chain in parentheses or give it a name.',
    wrong: model('x -> Dense(8) + x -> output y'),
    right: model('(x -> Dense(8)) + x -> output y'),
  },
  E0120: {
    title: 'Chained comparisons',
    explanation: 'A comparison has two sides. Join two comparisons with and.',
    wrong:
      'model Small(units: int = 4) {\n  input x: f32[8]\n  x -> Dense(if 1 < units < 9 then 8 else 2) -> output y\n}\n',
    right:
      'model Small(units: int = 4) {\n  input x: f32[8]\n  x -> Dense(if 1 < units and units < 9 then 8 else 2) -> output y\n}\n',
  },
  E0121: {
    title: 'A chain as an argument without parentheses',
    explanation:
      'An argument is a value. A chain as an argument is put in parentheses, so that one sees at a glance to which call an arrow ' +
      'belongs.',
    wrong: model('y = maximum(x -> Dense(8), x)', 'y -> output z'),
    right: model('y = maximum((x -> Dense(8)), x)', 'y -> output z'),
  },
  E0122: {
    title: 'A reserved word as a name',
    explanation:
      'if, then, else, and, or, not, true, false and return cannot be names. All other keywords can: input, state, param and so ' +
      'on are keywords only where they introduce something.',
    wrong: model('then = x -> Dense(2)', 'x -> output y'),
    right: model('next = x -> Dense(2)', 'next -> output y'),
  },
  E0124: {
    title: 'An if without an else',
    explanation: 'if … then … else … is a value, so it needs both sides.',
    wrong:
      'model Small(wide: bool = true) {\n  input x: f32[8]\n  units = if wide then 64\n  x -> Dense(units) -> output y\n}\n',
    right:
      'model Small(wide: bool = true) {\n  input x: f32[8]\n  units = if wide then 64 else 16\n  x -> Dense(units) -> output y\n}\n',
  },
  E0125: {
    title: 'Empty parentheses',
    explanation:
      'Parentheses group a value or list the values of a tuple such as (3, 3). There is no empty tuple.',
    wrong: model('y = ()', 'x -> output z'),
    right: model('y = (x)', 'y -> output z'),
  },
  E0126: {
    title: 'not without parentheses after an operator',
    explanation:
      'not binds weaker than comparisons, + - * / and the minus sign: not a == b is not (a == b). As an operand of these it ' +
      'needs parentheses.',
    wrong:
      'model Small(a: bool = true, b: bool = true) {\n  input x: f32[8]\n  x -> Dense(if a == not b then 8 else 2) -> output y\n}\n',
    right:
      'model Small(a: bool = true, b: bool = true) {\n  input x: f32[8]\n  x -> Dense(if a == (not b) then 8 else 2) -> output y\n}\n',
  },
  E0127: {
    title: 'Two values side by side',
    explanation:
      'Two values without anything between them are two statements, which is hardly what was meant on one line. A comma, an ' +
      'operator, an arrow or a line break is missing.',
    wrong: model('y = x -> Dense(8) relu', 'y -> output z'),
    right: model('y = x -> Dense(8) -> relu', 'y -> output z'),
  },
  E0130: {
    title: 'A stage without an arrow',
    explanation:
      'In the braces of for stand one or more stages, each with its arrow before it: for i in 3 { -> Dense(8) }.',
    wrong: model('x -> for i in 3 { Dense(8) } -> output y'),
    right: model('x -> for i in 3 { -> Dense(8) } -> output y'),
  },
  E0131: {
    title: 'A stage with a prefix',
    explanation:
      'A stage is the plain name of a layer, an op or a parameter of the type stage. There are no modules to name: layers of ' +
      'other files are imported.',
    wrong: model('x -> layers.Dense(8) -> output y'),
    right: model('x -> Dense(8) -> output y'),
  },
  E0128: {
    title: 'A layer with one pair of parentheses',
    explanation:
      'A layer declares its parameters in the first parentheses and its tensors in the second. Either pair may be empty: layer ' +
      'Twice()(x: f32[N, c]).',
    wrong: 'layer Twice(factor: float = 2) {\n  return factor\n}\n' + model('x -> output y'),
    right:
      'layer Twice(factor: float = 2)(x: f32[N, c]) {\n  return factor * x\n}\n' +
      model('x -> Twice -> output y'),
  },
};
