import { readFileSync } from 'node:fs';

/** The nearest package.json above this file is ours, both in the sources and in dist/. */
function readVersion(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        readonly name?: string;
        readonly version?: string;
      };
      if (name === 'cnnc' && version !== undefined) return version;
    } catch {
      // Not there: the next place.
    }
  }
  return 'unknown';
}

export const version = readVersion();
