/** `folder:DIR`: one folder of PNG or JPEG files per class, or `train/` and `test/` folders of such folders. */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { imageToInput } from '../../runtime/image.ts';
import { isImage } from '../../runtime/is-image.ts';
import type { PortInfo } from '../../runtime/types.ts';
import { DataError, fileError } from './error.ts';
import { notAPicture, pictureKind, readPicture } from './picture.ts';
import { keepMade } from './source.ts';
import type { Opened, Source } from './source.ts';
import type { Spec } from './spec.ts';

/** What file managers leave behind. */
const litter = new Set(['thumbs.db', 'desktop.ini']);

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

function visible(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.') && !litter.has(name.toLowerCase()))
    .sort();
}

/** Folders in the order of their classes: by number where all are numbers, else by name. */
function classFolders(folder: string): string[] {
  const names = visible(folder).filter((name) => isFolder(join(folder, name)));
  return names.every((name) => /^\d+$/u.test(name)) ? names.sort((a, b) => Number(a) - Number(b)) : names;
}

/** Adds both ends of a file to the hash, which is where PNG and JPEG files differ when anything does; checks what it is. */
function examine(file: string, hash: Hash): void {
  if (statSync(file).isDirectory())
    throw fileError(
      'data-format',
      file,
      'is a folder among the pictures of a class; folder:DIR takes one folder of pictures per class',
    );
  const descriptor = openSync(file, 'r');
  try {
    const { size } = statSync(file);
    const piece = new Uint8Array(4096);
    const head = piece.subarray(0, readSync(descriptor, piece, 0, piece.length, 0));
    if (!pictureKind(head)) throw notAPicture(file);
    hash.update(`${size}:`).update(head);
    const got = readSync(descriptor, piece, 0, piece.length, Math.max(0, size - piece.length));
    hash.update(piece.subarray(0, got));
  } finally {
    closeSync(descriptor);
  }
}

/** The height, width and channels to which every picture is brought. */
export type PictureShape = readonly [height: number, width: number, channels: number];

function openSplit(folder: string, classes: readonly string[], shape: PictureShape): Source {
  const hash = createHash('sha256');
  const files: string[] = [];
  const labels: number[] = [];
  classes.forEach((name, label) => {
    const inside = visible(join(folder, name));
    if (inside.length === 0) throw fileError('data-file', join(folder, name), 'holds no pictures');
    for (const file of inside) {
      const path = join(folder, name, file);
      hash.update(`${relative(folder, path).replaceAll('\\', '/')}\n`);
      examine(path, hash);
      files.push(path);
      labels.push(label);
    }
  });
  const [height, width, channels] = shape;
  const port: PortInfo = { name: 'picture', dtype: 'u8', shape };
  if (!isImage(port))
    throw new DataError('data-shape', `pictures have 1 or 3 channels, the input takes ${channels}`);
  return {
    name: folder,
    height,
    width,
    channels,
    labels: Uint16Array.from(labels),
    fingerprint: `folder:${hash.digest('hex').slice(0, 32)}:${shape.join('x')}`,
    read: keepMade(files.length, height * width * channels, async (index, into, offset) => {
      into.set(imageToInput(await readPicture(files[index]!), port), offset);
    }),
  };
}

/** Pictures are decoded when first asked for and brought to the shape that the model takes. */
export function openFolder(spec: Spec, shape: PictureShape): Opened {
  const { place } = spec;
  if (!isFolder(place)) throw new DataError('data-file', `${place}: there is no such folder`, place);
  const split = isFolder(join(place, 'train')) && classFolders(join(place, 'train')).length > 0;
  const trainFolder = split ? join(place, 'train') : place;
  const testFolder = split && isFolder(join(place, 'test')) ? join(place, 'test') : undefined;
  const classes = classFolders(trainFolder);
  if (classes.length === 0) {
    throw fileError('data-file', trainFolder, 'expected one folder of pictures per class, found no folders');
  }
  const testClasses = testFolder === undefined ? classes : classFolders(testFolder);
  if (testFolder !== undefined && testClasses.join('\n') !== classes.join('\n')) {
    const message = `has the classes ${testClasses.join(', ')}, but ${trainFolder} has ${classes.join(', ')}`;
    throw new DataError('data-classes', `${testFolder} ${message}`, testFolder);
  }
  return {
    train: openSplit(trainFolder, classes, shape),
    ...(testFolder !== undefined && { test: openSplit(testFolder, classes, shape) }),
    classes,
    named: true,
  };
}
