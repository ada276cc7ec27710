import type { Command } from 'commander';
import { formatType } from '../../index.ts';
import type { BufferDifference, Feature, MemoryDifference, Model, Report } from '../../index.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { macsByLayer } from '../macs.ts';
import { addModelOptions, featuresOption, modelOptions, oneOf, wholeNumber } from '../options.ts';
import type { ModelOptions } from '../options.ts';
import { compileFile } from '../source.ts';
import { byteSize, grouped, table } from '../text.ts';

interface Options extends ModelOptions {
  readonly target: 'ts' | 'js' | 'wgsl';
  readonly features?: readonly Feature[];
  readonly batchSize?: number;
  readonly json?: boolean;
}

export function addSummary(program: Command, io: Io): void {
  const command = program
    .command('summary')
    .description('layers, shapes, parameters, multiplications and memory')
    .argument('<file>', 'a .cnn file');
  addModelOptions(command)
    .option(
      '--target <target>',
      'ts or js: memory of WebAssembly kernels; wgsl: that of a GPU, and where it differs',
      oneOf('ts', 'js', 'wgsl'),
      'ts',
    )
    .addOption(featuresOption())
    .option('--batch-size <n>', 'the largest batch of a prediction', wholeNumber(1))
    .option('--json', 'one JSON object')
    .action((file: string, options: Options) => {
      if (options.features && options.target !== 'wgsl')
        throw new UsageError('--features is about --target wgsl');
      const { model, report } = compileFile(io, file, {
        ...modelOptions(options),
        target: options.target,
        compareMemory: true,
        ...(options.features && { features: options.features }),
        ...(options.batchSize !== undefined && { batchSize: options.batchSize }),
      });
      if (options.json) io.out(`${JSON.stringify(asJson(model, report))}\n`);
      else io.out(asText(model, report));
    });
}

function asJson(model: Model, report: Report): object {
  const macs = macsByLayer(model);
  const counts = macs.rows(model.layers.map(({ path }) => path));
  const layers = model.layers.map(({ path, layer, depth, output, parameters, line }, i) => ({
    path,
    layer,
    depth,
    output: output && formatType(output),
    parameters,
    macs: counts[i],
    line,
  }));
  return { name: model.name, layers, macs: macs.total, ...report };
}

const unlessNone = (count = 0): string => (count === 0 ? '' : grouped(count));

function asText(model: Model, report: Report): string {
  const macs = macsByLayer(model);
  const counts = macs.rows(model.layers.map(({ path }) => path));
  const rows = model.layers.map(({ path, layer, depth, output, parameters }, i) => [
    `${'  '.repeat(depth)}${path.split('.').at(-1) ?? path}`,
    layer,
    output ? formatType(output) : '',
    unlessNone(parameters),
    unlessNone(counts[i]),
  ]);
  const ports = (list: Model['inputs']): string =>
    list.map(({ name, type }) => `${name}: ${formatType(type)}`).join(', ');
  const memory = report.routines.map(({ name, precision, maxBatch, launches, planned, bound, naive }) => [
    precision ? `  ${name}, ${precision}` : `  ${name}`,
    `batch ${maxBatch}`,
    `${launches} kernels`,
    `${byteSize(planned)} planned`,
    planned === bound ? 'optimal for this order' : `bound ${byteSize(bound)}`,
    `${byteSize(naive)} without sharing`,
  ]);
  return [
    `${model.name}: ${ports(model.inputs)} → ${ports(model.outputs)}\n\n`,
    table([['layer', 'kind', 'output', 'parameters', 'MACs'], ...rows], [3, 4]),
    `\n${grouped(report.parameters)} parameters, ${grouped(macs.total)} multiply-adds per sample\n`,
    `\nmemory: ${byteSize(report.persistentBytes)} for weights and what training keeps; working memory:\n`,
    table(memory, [2, 3]),
    comparison(report),
    winogradText(report),
  ].join('');
}

const reasons: Readonly<Record<BufferDifference['reason'], string>> = {
  element: 'an element takes 4 bytes',
  kernel: 'no kernels for Winograd',
  divided: 'a reduction divided among more threads',
  operands: 'stored between two kernels, which have 8 buffers at most',
  shared: 'in the place of another value',
  f16: 'for prediction with f16',
};

/** What a GPU needs against WebAssembly, buffer by buffer; equal lines once. */
function comparison({ memory = [] }: Report): string {
  const text = memory.flatMap(({ name, buffers, ...sizes }): readonly string[] => {
    const lines = new Map<string, number>();
    for (const buffer of buffers) {
      const line = differenceOf(buffer);
      lines.set(line, (lines.get(line) ?? 0) + 1);
    }
    const details = [...lines].map(([line, count]) => `    ${count > 1 ? `${count} times ` : ''}${line}\n`);
    const title = `  ${name}: ${totals(sizes)}\n`;
    return buffers.length > 0 || sizes.launches !== sizes.otherLaunches ? [title, ...details] : [];
  });
  return memory.length === 0 ? '' : `\nwhere this differs from WebAssembly:\n${text.join('')}`;
}

function totals(
  sizes: Pick<MemoryDifference, 'planned' | 'otherPlanned' | 'launches' | 'otherLaunches'>,
): string {
  const { planned, otherPlanned, launches, otherLaunches } = sizes;
  const kernels = launches === undefined ? '' : `, ${launches} kernels, not ${otherLaunches}`;
  const equal = launches === otherLaunches ? '' : kernels;
  return planned === otherPlanned
    ? `${byteSize(planned)}${equal}`
    : `${byteSize(planned)}, not ${byteSize(otherPlanned)}${equal}`;
}

function differenceOf({ name, type, otherType, bytes, otherBytes, reason }: BufferDifference): string {
  const what = `${name.replace(/^prepared\.\d+/u, 'prepared')} ${type}`;
  const why = reasons[reason];
  if (bytes === 0) return `without ${what} (${byteSize(otherBytes)}): ${why}`;
  if (otherBytes === 0) return `${what} (${byteSize(bytes)}): ${why}`;
  const other = `${byteSize(otherBytes)}${otherType === undefined ? '' : ` of ${otherType}`}`;
  return `${what} (${byteSize(bytes)}, not ${other}): ${why}`;
}

/** The convolutions in tiles; those of prediction stand for the same ones elsewhere. */
function winogradText({ winograd }: Report): string {
  const rows = winograd
    .filter(({ routine }) => routine === 'infer')
    .map(({ layer = '', tile, size, channels, filters, error }) => [
      `  ${layer}`,
      `${size.join('x')}, ${channels} → ${filters} channels`,
      `tiles of ${tile}x${tile}`,
      `expected error ${error.toExponential(1)}`,
    ]);
  if (rows.length === 0) return '';
  return `\nconvolutions with fewer multiplications (Winograd; not with --no-winograd):\n${table(rows)}`;
}
