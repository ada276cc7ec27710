import type { Command } from 'commander';
import type { PortInfo } from '../../../runtime/types.ts';
import { addCaseOptions, casesOf, checkCases, titleOf } from '../cases.ts';
import type { CaseOptions } from '../cases.ts';
import type { Io } from '../io.ts';
import { portInfo } from '../model-data.ts';
import { loadModel } from '../module.ts';
import { addModelOptions, addRunOptions, modelOptions, threadsOf } from '../options.ts';
import type { ModelOptions, RunOptions } from '../options.ts';
import { predictionLines, predictionOf } from '../prediction.ts';
import { nameFaults, readWeights } from '../weights.ts';
import { pictureLines } from '../terminal-picture.ts';

interface Options extends ModelOptions, RunOptions, CaseOptions {
  readonly weights?: string;
  readonly json?: boolean;
}

export function addPredict(program: Command, io: Io): void {
  const command = program
    .command('predict')
    .description('class names and probabilities for pictures, or for any input')
    .argument('<file>', 'a .cnn file')
    .argument('[pictures...]', 'PNG or JPEG files; without any, the first samples of --data')
    .option('--weights <file>', 'a safetensors file (default: NAME.safetensors)');
  addRunOptions(addModelOptions(addCaseOptions(command)))
    .option('--json', 'one JSON object per sample')
    .action((file: string, pictures: readonly string[], options: Options) =>
      predict(io, file, pictures, options),
    );
}

async function predict(io: Io, file: string, pictures: readonly string[], options: Options): Promise<void> {
  checkCases('predict', pictures, options);
  const weights = readWeights(io, file, options.weights);
  const { compiled, module } = await loadModel(io, file, {
    ...modelOptions(options),
    kernels: options.kernels,
    inference: true,
  });
  const { model } = compiled;
  const inputs = model.inputs.map(portInfo);
  const instance = await nameFaults(weights.path, () =>
    module.createModel({ weights: weights.bytes, ...threadsOf(options) }),
  );
  for await (const one of casesOf(io, model, inputs, pictures, options)) {
    const outputs = await instance.predict(one.inputs);
    for (let sample = 0; sample < one.samples; sample++) {
      const { truth } = one;
      const name = one.samples > 1 ? `${one.name} ${sample}` : one.name;
      const predictions = model.outputs.map((output) => predictionOf(output, outputs[output.name]!, sample));
      if (options.json) {
        const outputs = Object.fromEntries(predictions.map(({ output, json }) => [output, json]));
        io.out(`${JSON.stringify({ input: name, truth, outputs })}\n`);
      } else {
        if (one.picture) io.out(`${shownPicture(io, inputs[0]!, one.picture)}\n`);
        io.out(
          `${titleOf({ ...one, name })}\n${predictions.flatMap((p) => predictionLines(p, predictions.length > 1)).join('\n')}\n\n`,
        );
      }
    }
  }
}

function shownPicture(io: Io, { shape }: PortInfo, data: Uint8Array): string {
  const [height = 1, width = 1, channels = 1] = shape;
  return pictureLines({ width, height, channels, data }, io.color).join('\n');
}
