/** What went wrong, for programs. */
export type ErrorCode =
  | 'options' // an argument is missing or not what it should be
  | 'input' // an array that does not fit the model
  | 'label' // a class index out of range
  | 'weights-format' // not a whole safetensors file
  | 'weights-mismatch' // tensors missing, extra, of another shape or type
  | 'weights-value' // a number that is not finite
  | 'checkpoint' // not a checkpoint, or of another model or other data
  | 'not-finite' // the loss or a gradient in training
  | 'busy' // not while `fit` runs
  | 'aborted'
  | 'memory'
  | 'disposed';

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
