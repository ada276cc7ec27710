/** The modules that the page imports: one for WebAssembly, one for WebGPU. */
import { invariant } from '../../base/invariant.ts';
import type { CompileOptions, Model, OutputFile, Report } from '../../index.ts';
import { compile } from '../../index.ts';
import type { Io } from '../io.ts';
import { compileFile, openSource } from '../source.ts';

interface PageModule {
  readonly model: Model;
  readonly report: Report;
  /** JavaScript. */
  readonly script: string;
}

/** With WebAssembly, threads and `observe`; prints what there is to say, and throws where there are errors. */
export function compileForPage(io: Io, file: string, options: CompileOptions): PageModule {
  const { files, model, report } = compileFile(io, file, { ...options, target: 'js', observe: true });
  return { model, report, script: scriptOf(files) };
}

/** The same for WebGPU, or why there is none. What is wrong with the file has been said by then. */
export function compileForGpu(
  io: Io,
  file: string,
  options: CompileOptions,
): { readonly script?: string; readonly reason?: string } {
  const { files, diagnostics } = compile(openSource(io, file), {
    ...options,
    target: 'wgsl',
    language: 'js',
    observe: true,
  });
  const fault = diagnostics.find(({ severity }) => severity === 'error');
  return fault ? { reason: fault.message } : { script: scriptOf(files) };
}

function scriptOf(files: readonly OutputFile[]): string {
  const script = files.find(({ path }) => path.endsWith('.js'));
  invariant(script, 'there is a .js file');
  return script.content;
}
