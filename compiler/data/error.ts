/** What was wrong with the data: the words after `--data`, a file, its content, its shapes, its classes. */
export type DataErrorCode = 'data-spec' | 'data-file' | 'data-format' | 'data-shape' | 'data-classes';

/** The data cannot be used. The message names the file and says what was expected. */
export class DataError extends Error {
  override readonly name = 'DataError';
  readonly code: DataErrorCode;
  /** The file or folder at fault, where there is one. */
  readonly file: string | undefined;

  constructor(code: DataErrorCode, message: string, file?: string) {
    super(message);
    this.code = code;
    this.file = file;
  }
}

/** A `data-file` or `data-format` error whose message begins with the file. */
export function fileError(code: 'data-file' | 'data-format', file: string, message: string): DataError {
  return new DataError(code, `${file}: ${message}`, file);
}

/** What the kinds of file errors mean. */
const fileReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'access is not allowed',
  EPERM: 'access is not allowed',
  EISDIR: 'it is a folder, not a file',
  EEXIST: 'it is a file, not a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk cannot be written',
};

/** Why a file could not be read or written; Node's own words where there are no better ones. */
export function fileReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return fileReasons[code] ?? error.message;
}
