import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { InputError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { quoteWord, stem } from '../options.ts';
import { writeFileAtomic } from '../write.ts';

export function addNew(program: Command, io: Io): void {
  program
    .command('new')
    .description('a model file to start from')
    .argument('<name>', 'digits makes digits.cnn')
    .action((name: string) => {
      const file = name.endsWith('.cnn') ? name : `${name}.cnn`;
      const path = resolve(io.cwd, file);
      if (existsSync(path)) throw new InputError(`${file} is there already; nothing was changed`);
      writeFileAtomic(path, template(modelName(stem(file))));
      const word = quoteWord(file);
      io.out(
        [
          `wrote ${file}. Next:`,
          `  cnnc summary ${word}`,
          `  cnnc train ${word}`,
          `  cnnc build ${word}`,
          '',
        ].join('\n'),
      );
    });
}

/** `my-digits` → `MyDigits`. */
function modelName(stemOfFile: string): string {
  const name = stemOfFile
    .split(/[^A-Za-z0-9]+/u)
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');
  if (!/^[A-Z]/u.test(name)) {
    throw new UsageError(`\`${stemOfFile}\` makes no name for a model: begin it with a letter from a to z`);
  }
  return name;
}

function template(name: string): string {
  return `/// Tells handwritten digits apart. Train it with \`cnnc train\`: without --data it learns from digits that cnnc draws.
model ${name}(width: int = 8) {
  // One grey picture, 28 by 28 pixels, bytes from 0 to 255.
  input image: u8[28, 28, 1]

  image
    -> Rescaling(1 / 255)
    // ${'`width`'} filters of 3 by 3 pixels; another value with --set width=16.
    -> Conv2D(width, 3x3, activation: relu)
    -> MaxPooling2D(2x2)
    -> Conv2D(2 * width, 3x3, activation: relu)
    -> MaxPooling2D(2x2)
    -> Flatten
    // One number per class; softmax makes probabilities of them.
    -> Dense(10, activation: softmax) as head
    -> output digit(classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
}

train ${name} {
  // The number of the right class, given beside each picture.
  label truth: i32
  loss: sparse_categorical_crossentropy(truth, digit)
  metrics: [accuracy(truth, digit)]
  optimizer: Adam(learning_rate: 0.002)
  batch_size: 32
  epochs: 5
}
`;
}
