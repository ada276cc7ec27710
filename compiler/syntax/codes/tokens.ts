/** Pages of what is wrong with single tokens, most of them habits from other languages. */
import type { Code, CodePage } from '../../base/diagnostic.ts';

/** A classifier whose first stage is `stage`. */
const image = (stage: string): string => `model Digits {
  input image: f32[28, 28, 1]
  image -> ${stage} -> Flatten -> Dense(10) -> output digit
}
`;
/** A model with the parameter `width`; `value` is computed from it. */
const computed = (value: string): string => `model Narrow(width: int = 32) {
  input image: f32[28, 28, 1]
  half = ${value}
  image -> Conv2D(half, 3x3) -> output features
}
`;
const classed = (classes: string): string => `model Pets {
  input x: f32[8]
  x -> Dense(2, activation: softmax) -> output kind(classes: ${classes})
}
`;
const chosen = (condition: string): string => `model Chosen(depth: int = 2, wide: bool = true) {
  input x: f32[8]
  x -> Dense(if ${condition} then 64 else 16) -> output y
}
`;

export const tokenCodes: Readonly<Record<Code, CodePage>> = {
  E0101: {
    title: 'A character that means nothing here',
    explanation:
      'A .cnn file is made of names, numbers, strings in double quotes, and the signs ( ) [ ] { } , : = -> + - * / < > . and their ' +
      'combinations. Text copied from a document may have look-alikes such as × or curly quotes; they have a fix.',
    wrong: image('Conv2D(32, 3×3)'),
    right: image('Conv2D(32, 3x3)'),
  },
  E0102: {
    title: 'A string that is not closed',
    explanation:
      'A string ends with a double quote on the line it begins on. A quote inside of it is written \\".',
    wrong: image('Conv2D(32, 3x3, activation: "relu)'),
    right: image('Conv2D(32, 3x3, activation: relu)'),
  },
  E0103: {
    title: 'Not a number',
    explanation:
      'Numbers are decimal: 32, 0.5, 1e-3. They have no suffixes, no underscores and no other bases. A size is written with all ' +
      'of its extents and a small x: 3x3.',
    wrong: image('Conv2D(32, 3x)'),
    right: image('Conv2D(32, 3x3)'),
  },
  E0104: {
    title: 'A number without a digit before or after its point',
    explanation:
      'Write 0.5 instead of .5, and 1.0 (or just 1) instead of 1.; a lone point is for members and names.',
    wrong: image('Dropout(.5)'),
    right: image('Dropout(0.5)'),
  },
  E0105: {
    title: 'Single quotes',
    explanation:
      "Strings have double quotes. Most of what is a string in Keras is a plain word here: activation='relu' is " +
      'activation: relu, padding="same" is padding: same.',
    wrong: image("Conv2D(32, 3x3, padding: 'same')"),
    right: image('Conv2D(32, 3x3, padding: same)'),
  },
  E0106: {
    title: 'A comment that does not begin with //',
    explanation:
      'Comments begin with // and end with their line. Documentation of a model or a layer begins with ///.',
    wrong: `# Handwritten digits.\n${image('Conv2D(32, 3x3)')}`,
    right: `// Handwritten digits.\n${image('Conv2D(32, 3x3)')}`,
  },
  E0107: {
    title: 'An argument named with =',
    explanation:
      'Arguments are named with a colon: filters: 32. The sign = gives a name to a value in a statement of its own.',
    wrong: image('Conv2D(32, 3x3, activation=relu)'),
    right: image('Conv2D(32, 3x3, activation: relu)'),
  },
  E0108: {
    title: 'True or False with a capital',
    explanation: 'The two truth values are true and false.',
    wrong: image('Conv2D(32, 3x3, use_bias: False)'),
    right: image('Conv2D(32, 3x3, use_bias: false)'),
  },
  E0109: {
    title: 'None',
    explanation: 'There is no value None. An argument that is not given has its default, so leave it out.',
    wrong: image('Conv2D(32, 3x3, activation: None)'),
    right: image('Conv2D(32, 3x3)'),
  },
  E0110: {
    title: 'Division with //',
    explanation:
      'Two slashes begin a comment. There is one division, a / b; where a whole number is needed, floor(a / b) rounds it down ' +
      'and ceil(a / b) up.',
    wrong: computed('width // 2'),
    right: computed('floor(width / 2)'),
  },
  E0111: {
    title: 'An operator of another language',
    explanation:
      'Conditions are joined with and, or and not. Powers are power(a, b). A line needs no semicolon at its end. Stages are ' +
      'joined with ->.',
    wrong: chosen('depth > 1 && wide'),
    right: chosen('depth > 1 and wide'),
  },
  E0123: {
    title: 'An escape that means nothing',
    explanation:
      'In a string, a backslash stands before one of " \\ / b f n r t, or before u and four hexadecimal digits, as in JSON. A ' +
      'backslash itself is written twice; paths are written with /.',
    wrong: classed(String.raw`["cat\d", "dog"]`),
    right: classed(String.raw`["cat\\d", "dog"]`),
  },
  E0129: {
    title: 'A number that is too large',
    explanation: 'Numbers are 64-bit floating point while a model is compiled: at most about 1.8e308.',
    wrong: image('Rescaling(1 / 1e999)'),
    right: image('Rescaling(1 / 1e9)'),
  },
};
