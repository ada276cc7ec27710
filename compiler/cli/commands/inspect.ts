import { basename, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Batch, Observation } from '../../../runtime/types.ts';
import { invariant } from '../../base/invariant.ts';
import type { Model } from '../../index.ts';
import { addCaseOptions, casesOf, checkCases, titleOf } from '../cases.ts';
import type { Case, CaseOptions } from '../cases.ts';
import { UsageError } from '../errors.ts';
import { inspectionPage } from '../inspection.ts';
import type { Io } from '../io.ts';
import { portInfo } from '../model-data.ts';
import { isObservable, loadModel } from '../module.ts';
import { addModelOptions, addRunOptions, modelOptions, stem, threadsOf } from '../options.ts';
import type { ModelOptions, RunOptions } from '../options.ts';
import { predictionLines, predictionOf } from '../prediction.ts';
import { byteSize } from '../text.ts';
import { nameFaults, readWeights } from '../weights.ts';
import { writeFileAtomic } from '../write.ts';

interface Options extends ModelOptions, RunOptions, CaseOptions {
  readonly weights?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export function addInspect(program: Command, io: Io): void {
  const command = program
    .command('inspect')
    .description('a page that shows what a model sees in a picture: filters, each layer, what matters')
    .argument('<file>', 'a .cnn file')
    .argument('[picture]', 'a PNG or JPEG file; without one, a sample of --data')
    .option('--weights <file>', 'a safetensors file (default: NAME.safetensors)')
    .option('-o, --output <file>', 'the page to write (default: NAME.html)');
  addRunOptions(addModelOptions(addCaseOptions(command)))
    .option('--json', 'the numbers instead of a page')
    .action((file: string, picture: string | undefined, options: Options) =>
      inspect(io, file, picture === undefined ? [] : [picture], options),
    );
}

async function inspect(io: Io, file: string, pictures: readonly string[], options: Options): Promise<void> {
  checkCases('inspect', pictures, options);
  if (options.json && options.output !== undefined)
    throw new UsageError('--json and --output do not go together: JSON goes to standard output');
  const weights = readWeights(io, file, options.weights);
  const { compiled, module } = await loadModel(io, file, {
    ...modelOptions(options),
    kernels: options.kernels,
    inference: true,
    observe: true,
  });
  const { model } = compiled;
  const instance = await nameFaults(weights.path, () =>
    module.createModel({ weights: weights.bytes, ...threadsOf(options) }),
  );
  invariant(isObservable(instance), 'it was compiled with `observe`');
  const one = await firstOf(casesOf(io, model, model.inputs.map(portInfo), pictures, options));
  const observation = await instance.observe(one.inputs);
  const tensors = await instance.saveWeights();
  await instance.dispose();
  if (options.json) {
    for (const part of jsonParts(model, one, observation)) io.out(part);
    return;
  }
  const page = inspectionPage({
    model,
    file: basename(file),
    name: titleOf(one),
    inputs: one.inputs,
    observation,
    weights: tensors,
  });
  const path = resolve(io.cwd, options.output ?? `${stem(file)}.html`);
  writeFileAtomic(path, page);
  const predictions = model.outputs.map((port) => predictionOf(port, observation.outputs[port.name]!, 0));
  const lines = predictions.flatMap((prediction) => predictionLines(prediction, predictions.length > 1));
  io.out(`${titleOf(one)}\n${lines.join('\n')}\n\n`);
  io.out(`${relative(io.cwd, path) || path}  ${byteSize(Buffer.byteLength(page))}\n`);
}

async function firstOf(cases: AsyncGenerator<Case>): Promise<Case> {
  for await (const one of cases) return one;
  throw new UsageError('there is no sample to inspect');
}

/** One JSON object in parts, since all numbers of a large model do not fit into one string. */
function* jsonParts(model: Model, { name, truth }: Case, { outputs, layers, saliency }: Observation<Batch>) {
  const predictions = model.outputs.map((port) => predictionOf(port, outputs[port.name]!, 0));
  const said = Object.fromEntries(predictions.map(({ output, json }) => [output, json]));
  yield `${JSON.stringify({ input: name, truth, outputs: said }).slice(0, -1)},"layers":[`;
  for (const [i, layer] of layers.entries()) yield withValues(i, layer);
  yield '],"saliency":[';
  for (const [i, one] of saliency.entries()) yield withValues(i, one);
  yield ']}\n';
}

function withValues(i: number, { values, ...rest }: { readonly values: Float32Array }): string {
  const head = JSON.stringify(rest).slice(0, -1);
  return `${i === 0 ? '' : ','}${head},"values":[${Array.from(values, shortest).join(',')}]}`;
}

/** As few digits as it takes to read the same f32 again. */
function shortest(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  for (const digits of [6, 7, 8]) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}
