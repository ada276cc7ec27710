import { defineConfig } from 'vitest/config';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

const long = /\/test\/(gpu|examples|browser|emit\/module)/;

/** Files that take long begin first, so that no core waits for one of them at the end. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => long.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/temporary.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // All cores: the default leaves one of them to Vite, which has little to do.
    maxWorkers: '100%',
    // Test files share what they import, so the compiler is loaded once and stays warm: a test puts back what it changes.
    isolate: false,
    // Most of the compiler runs once in a test; by default V8 takes more time to optimize it than it saves.
    execArgv: ['--interrupt-budget=800000'],
    sequence: { sequencer: LongFirst },
  },
});
