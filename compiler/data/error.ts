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
