/**
 * The compiler as a library: text in, text out, no file and no process touched, so it runs in a browser too.
 *
 *     const { files, diagnostics } = compile({ entry: 'digits.cnn', read: (path) => texts.get(path) }, { target: 'ts' });
 */
export type { Code, CodePage, Diagnostic, Fix, Note } from './base/diagnostic.ts';
export { hasErrors } from './base/diagnostic.ts';
export { InvariantError } from './base/invariant.ts';
export { renderDiagnostic } from './base/render.ts';
export type { Location, Span } from './base/source.ts';
export type { TensorType } from './base/types.ts';
export { elementCount, formatType } from './base/types.ts';
export type { BufferDifference, MemoryDifference } from './compare.ts';
export { compile, startUp } from './compile.ts';
export type {
  CompileOptions,
  CompileResult,
  Kernels,
  OutputFile,
  Report,
  RoutineReport,
  WinogradReport,
} from './compile.ts';
export { dump } from './dump.ts';
export { constantsPath } from './graph/constants.ts';
export type { DumpOptions, DumpResult } from './dump.ts';
export { halfWeights } from './emit/ts/weights.ts';
export type { Feature } from './emit/wgsl/index.ts';
export { codePages, explain } from './explain.ts';
export { analyze } from './frontend/index.ts';
export type { Source } from './frontend/index.ts';
export type { LayerSummary, Model, Persistent } from './frontend/model.ts';
export { pipeline } from './passes/pipeline.ts';
export type { Initializer, Port, Training } from './program/interface.ts';
export { parseChoices, ScheduleError } from './schedule/choice.ts';
export type { Choice, Choices } from './schedule/choice.ts';
export { format } from './syntax/index.ts';
