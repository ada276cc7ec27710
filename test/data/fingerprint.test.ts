import { expect, test } from 'vitest';
import { dataDifferences, openData, splitDataset } from '../../compiler/data/index.ts';
import { idxFolder, wants } from './files.ts';

test('two fingerprints tell whether samples, classes or parts are others', () => {
  const open = (spec: string, only: readonly string[], fraction: number): string => {
    const side = spec.startsWith('idx') ? 4 : 28;
    const { train } = openData(spec, wants([side, side, 1], { only, classes: 2 }));
    return (fraction === 0 ? train : splitDataset(train, fraction).train).fingerprint;
  };
  const drawn = 'synthetic:digits?count=20';
  const files = `idx:${idxFolder(Array.from({ length: 20 }, (_, i) => i % 10))}`;
  const first = open(drawn, ['3', '5'], 0.2);
  const differences = (...other: Parameters<typeof open>) => dataDifferences(first, open(...other));
  expect(differences(drawn, ['3', '5'], 0.2)).toEqual([]);
  expect(differences(`${drawn}&seed=9`, ['3', '5'], 0.2)).toEqual(['samples']);
  expect(differences(drawn, ['5', '3'], 0.2)).toEqual(['classes']);
  expect(differences(drawn, ['3', '5'], 0.5)).toEqual(['parts']);
  expect(differences(drawn, ['3', '5'], 0)).toEqual(['parts']);
  const [whole, some] = [files, `${files}?count=3`].map((spec) => open(spec, ['3', '5'], 0));
  expect(dataDifferences(whole!, some!)).toEqual(['samples']);
  expect(dataDifferences(first, some!)).toEqual(['samples', 'parts']);
});
