/** Commands run in this process, in a folder of their own, with everything they print kept. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import { run } from '../../compiler/cli/run.ts';
import type { Io } from '../../compiler/cli/io.ts';

export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface Folder {
  readonly path: string;
  /** Runs `cnnc …args` there. */
  cnnc(...args: string[]): Promise<Outcome>;
  /** The same with a part of the world replaced. */
  cnncWith(io: Partial<Io>, ...args: string[]): Promise<Outcome>;
  file(name: string): string;
  /** All names in it, hidden ones too. */
  names(): string[];
}

/** An empty folder for the running test. */
export function folder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'cnnc-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const cnncWith = async (io: Partial<Io>, ...args: string[]): Promise<Outcome> => {
    let [out, err] = ['', ''];
    const status = await run(args, {
      cwd: path,
      out: (text) => (out += text),
      err: (text) => (err += text),
      terminal: false,
      color: false,
      import: (module) => import(module),
      stream: new PassThrough(),
      interruptible: (work) => work(new AbortController().signal),
      ...io,
    });
    return { status, out, err };
  };
  return {
    path,
    cnncWith,
    cnnc: (...args) => cnncWith({}, ...args),
    file: (name) => join(path, name),
    names: () => readdirSync(path).sort(),
  };
}

/** A model that trains in a moment: 12×12 digits, a few hundred weights. */
export const tinyModel = `model Tiny(width: int = 2) {
  input image: u8[12, 12, 1]
  image
    -> Rescaling(1 / 255)
    -> Conv2D(width, 3x3, strides: 2, activation: relu)
    -> Flatten
    -> Dropout(0.1)
    -> Dense(10, activation: softmax)
    -> output digit(classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
}
train Tiny {
  label truth: i32
  loss: sparse_categorical_crossentropy(truth, digit)
  metrics: [accuracy(truth, digit)]
  optimizer: Adam(learning_rate: 0.01)
  batch_size: 20
  epochs: 3
}
`;

export const tinyData = 'synthetic:digits?size=12&count=200';

/** A model of numbers, which come from files: no loader of pictures fits it. */
export const lineModel = (epochs: number): string => `model Line {
  input x: f32[2]
  x -> Dense(1) -> output y
}
train Line {
  label truth: f32[1]
  loss: mean_squared_error(truth, y)
  optimizer: SGD(learning_rate: 0.1)
  batch_size: 4
  epochs: ${epochs}
}
`;
