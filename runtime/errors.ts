import type { ErrorCode } from './types.ts';

/** Every error of this module: a `code` for programs, a message for people, and what the message is made from. */
export class ModelError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = code === 'aborted' ? 'AbortError' : 'ModelError';
    this.code = code;
    this.details = details;
  }
}
