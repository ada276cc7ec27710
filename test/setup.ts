import fc from 'fast-check';

// A change is judged by what it changes: on CI every run draws the same cases. Elsewhere each run draws new ones.
if (process.env['CI'] !== undefined) fc.configureGlobal({ seed: 20261122 });
