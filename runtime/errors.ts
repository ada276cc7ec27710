import type { ErrorCode } from './model-types.ts';

/** Every error of this module: `code` is for programs, `message` for people, `details` to word it anew. */
export class ModelError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'ModelError';
    this.code = code;
    this.details = details;
  }
}
