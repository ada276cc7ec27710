/** `cnnc play` in this process, until the test has finished. */
import { writeFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { Folder, Outcome } from './support.ts';
import { folder } from './support.ts';

/** A model that tells 12×12 digits apart after a second of training. */
export const digitsModel = `model Tiny(width: int = 8) {
  input image: u8[12, 12, 1]
  image
    -> Rescaling(1 / 255)
    -> Conv2D(width, 3x3, activation: relu)
    -> MaxPooling2D(2x2)
    -> Flatten
    -> Dense(10, activation: softmax)
    -> output digit(classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
}
train Tiny {
  label truth: i32
  loss: sparse_categorical_crossentropy(truth, digit)
  metrics: [accuracy(truth, digit)]
  optimizer: Adam(learning_rate: 0.01)
  batch_size: 20
  epochs: 8
}
`;

export const digitsData = 'synthetic:digits?size=12&count=1000';

export interface Playing {
  readonly folder: Folder;
  readonly address: string;
  /** Presses Ctrl-C. */
  stop(): Promise<Outcome>;
}

/** Serves a model, by default `digitsModel`, on a free port. */
export async function play(
  {
    text = digitsModel,
    files = {},
  }: { text?: string; files?: Readonly<Record<string, string | Uint8Array>> },
  ...args: string[]
): Promise<Playing> {
  const place = folder();
  for (const [name, content] of Object.entries({ 'model.cnn': text, ...files }))
    writeFileSync(place.file(name), content);
  const ctrlC = new AbortController();
  let printed = '';
  let ended: Promise<Outcome> | undefined;
  const address = await new Promise<string>((found, failed) => {
    const out = (part: string): void => {
      printed += part;
      const [line] = /http:\/\/\S+/.exec(printed) ?? [];
      if (line !== undefined) found(line);
    };
    const interruptible = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => work(ctrlC.signal);
    ended = place.cnncWith({ out, interruptible }, 'play', 'model.cnn', '--port', '0', ...args);
    ended.then(({ status, err }) => failed(new Error(`ended with ${status}: ${err}`)), failed);
  });
  const stop = async (): Promise<Outcome> => {
    ctrlC.abort();
    return (await ended) as Outcome;
  };
  onTestFinished(() => stop().then(() => {}));
  return { folder: place, address, stop };
}
