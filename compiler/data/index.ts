/** Image data for models: `synthetic:digits`, `idx:DIR`, `cifar10:PATH`, `folder:DIR` (also exported as `cnnc/data`). */
import type { PortInfo } from '../../runtime/types.ts';
import { openCifar10 } from './cifar10.ts';
import { mapClasses } from './classes.ts';
import type { ModelClasses } from './classes.ts';
import { dataset, labelPort, subset } from './dataset.ts';
import type { FingerprintedDataset, LabelPort } from './dataset.ts';
import { DataError } from './error.ts';
import { openFolder } from './folder.ts';
import type { PictureShape } from './folder.ts';
import { openIdxFolder } from './idx.ts';
import type { Opened, Source } from './source.ts';
import { parseSpec } from './spec.ts';
import type { Spec } from './spec.ts';
import { openSynthetic } from './synthetic.ts';

export { DataError, fileReason } from './error.ts';
export type { DataErrorCode } from './error.ts';
export { arrayDataset, dataDifferences, splitDataset, subset } from './dataset.ts';
export type { DataDifference, FingerprintedDataset } from './dataset.ts';
export { readPicture } from './picture.ts';
export type { Picture } from './picture.ts';
export { readNpy } from './npy.ts';
export type { NumberArray } from './npy.ts';

/** What the model takes. The `signature` of a generated module is one: `openData('idx:mnist', signature)`. */
export interface Wanted {
  /** One picture, `u8` or `f32` `[height, width, channels]`. */
  readonly inputs: readonly PortInfo[];
  /** None (pictures only) or one: `i32`, `f32[1]` or `f32[number of classes]`. */
  readonly labels?: readonly PortInfo[];
  /** Names of the model's classes, or how many there are; not checked when absent. */
  readonly classes?: ModelClasses;
  /** Keep only these classes of the data, by name or number, and number them 0, 1 … in this order. */
  readonly only?: readonly string[];
}

export interface Data {
  readonly spec: string;
  readonly train: FingerprintedDataset;
  /** Where the format keeps samples apart for testing. */
  readonly test?: FingerprintedDataset;
  readonly classes: readonly string[];
}

/**
 * Opens the data of a spec for a model. Bytes stay in their files, or in one typed array where they had to be unpacked or
 * drawn. Throws a `DataError` that names the file or the two sides that do not fit.
 */
export function openData(text: string, wanted: Wanted): Data {
  const spec = parseSpec(text);
  const { input, shape, label } = fitting(wanted);
  const opened = open(spec, shape);
  checkShape(spec, opened.train, input, shape);
  const classes = mapClasses(spec, opened, label && (wanted.classes ?? impliedClasses(label)), wanted.only);
  if (label?.encoding === 'one-hot' && label.size < classes.names.length) {
    const message = `label \`${label.name}\` has room for ${label.size} classes, ${spec.text} has ${classes.names.length}`;
    throw new DataError('data-classes', message);
  }
  const make = (source: Source): FingerprintedDataset => {
    const whole = dataset(source, input, label, classes);
    const count = spec.options.get('count');
    if (count === undefined || count >= whole.size) return whole;
    return subset(
      whole,
      Uint32Array.from({ length: count }, (_, i) => i),
      `first-${count}`,
    );
  };
  return {
    spec: text,
    train: make(opened.train),
    ...(opened.test && { test: make(opened.test) }),
    classes: classes.names,
  };
}

function open(spec: Spec, shape: PictureShape): Opened {
  switch (spec.kind) {
    case 'synthetic':
      return openSynthetic(spec);
    case 'idx':
      return openIdxFolder(spec);
    case 'cifar10':
      return openCifar10(spec);
    case 'folder':
      return openFolder(spec, shape);
  }
}

const typeOf = (port: PortInfo): string => `${port.dtype}[${port.shape.join(', ')}]`;
const listOf = (ports: readonly PortInfo[]): string => ports.map((port) => `\`${port.name}\``).join(' and ');

/** The one picture and the one label of the model; loaders know no others. */
function fitting(wanted: Wanted): { input: PortInfo; shape: PictureShape; label: LabelPort | undefined } {
  const [input, ...others] = wanted.inputs;
  const own = 'give it your own Dataset in code (`fit` of the generated module)';
  if (!input || others.length > 0) {
    throw new DataError(
      'data-shape',
      `the model takes ${listOf(wanted.inputs)}, the loaders give one picture; ${own}`,
    );
  }
  const [height, width, channels] = input.shape;
  const isPicture = input.shape.length === 3 && (input.dtype === 'u8' || input.dtype === 'f32');
  if (!isPicture || height === undefined || width === undefined || channels === undefined) {
    const takes = `input \`${input.name}\` is ${typeOf(input)}, no picture (u8 or f32 [height, width, channels])`;
    throw new DataError('data-shape', `${takes}: no loader fits; ${own}`);
  }
  const labels = wanted.labels ?? [];
  if (labels.length > 1) {
    throw new DataError(
      'data-shape',
      `the model takes the labels ${listOf(labels)}, the loaders give one; ${own}`,
    );
  }
  return { input, shape: [height, width, channels], label: labels[0] && labelPort(labels[0]) };
}

/** How many classes an encoding has room for; any number for an index. */
function impliedClasses({ encoding, size }: LabelPort): number | undefined {
  if (encoding === 'index') return undefined;
  return encoding === 'binary' ? 2 : size;
}

/** Which data have pictures of this shape. */
function fittingSpecs([height, width, channels]: PictureShape): string {
  const specs = ['folder:DIR'];
  if (height === 32 && width === 32 && channels === 3) specs.unshift('cifar10:PATH');
  if (height === 28 && width === 28 && channels === 1) specs.unshift('idx:DIR');
  if (height === width && height >= 12 && height <= 512 && channels <= 4) {
    const options = [
      ...(height === 28 ? [] : [`size=${height}`]),
      ...(channels === 1 ? [] : [`channels=${channels}`]),
    ];
    specs.unshift(`synthetic:digits${options.length > 0 ? '?' : ''}${options.join('&')}`);
  }
  return specs.join(' or ');
}

function checkShape(spec: Spec, source: Source, input: PortInfo, shape: PictureShape): void {
  const [height, width, channels] = shape;
  if (source.height === height && source.width === width && source.channels === channels) return;
  const has = `${spec.text} has pictures of ${source.height}x${source.width}x${source.channels}`;
  const takes = `input \`${input.name}\` takes ${height}x${width}x${channels}`;
  throw new DataError('data-shape', `${has}, ${takes}; ${fittingSpecs(shape)} would fit`);
}
