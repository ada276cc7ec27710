/** The samples that a model gets wrong. */
import { arrayTypes, sizeOf } from '../../runtime/arrays.ts';
import type { Batch, Dataset, Elements, InferenceModel, PortInfo, Signature } from '../../runtime/types.ts';
import type { Classifier } from '../../compiler/cli/play/setup.ts';
import { answerOf, truthOf } from './classifier.ts';
import type { Answered, Mistake, Mistakes } from './protocol.ts';

/** So many are shown. */
const most = 48;

/** Room for `count` samples of each port. */
export const roomFor = (ports: readonly PortInfo[], count: number): Record<string, Elements> =>
  Object.fromEntries(
    ports.map(({ name, dtype, shape }) => [name, new arrayTypes[dtype](count * sizeOf(shape))]),
  );

/** Sample `i` of arrays, as copies. */
export const sampleOf = (ports: readonly PortInfo[], arrays: Batch, i: number): Batch =>
  Object.fromEntries(
    ports.map(({ name, shape }) => {
      const size = sizeOf(shape);
      return [name, (arrays[name] as Elements).slice(i * size, (i + 1) * size)];
    }),
  );

/** What is needed of a model to judge it. */
type Judged = Pick<InferenceModel<Batch, Batch>, 'predict'> & {
  readonly info: Pick<InferenceModel<Batch, Batch>['info'], 'maxBatch'>;
};

/** Predicts the first `limit` samples and gives those it got wrong, the most confident first. */
export async function findMistakes(
  { info, predict }: Judged,
  { inputs, labels, outputs }: Signature,
  { output, label }: Classifier,
  data: Dataset,
  limit: number,
): Promise<Mistakes> {
  const checked = Math.min(data.size, limit);
  const step = info.maxBatch['infer'] ?? 1;
  const labelPort = labels.find(({ name }) => name === label) as PortInfo;
  const outputSize = sizeOf(outputs.find(({ name }) => name === output)?.shape ?? []);
  const labelSize = sizeOf(labelPort.shape);
  const found: Mistake[] = [];
  const answered = new Map<string, Answered>();
  let wrong = 0;
  for (let from = 0; from < checked; from += step) {
    const count = Math.min(step, checked - from);
    const batch = roomFor([...inputs, ...labels], count);
    await data.read(
      Uint32Array.from({ length: count }, (_, i) => from + i),
      batch,
    );
    const answers = (await predict(batch))[output] as Elements;
    const truths = batch[label] as Elements;
    for (let i = 0; i < count; i++) {
      const truth = truthOf(truths.subarray(i * labelSize, (i + 1) * labelSize), labelPort);
      const { predicted, confidence } = answerOf(answers.subarray(i * outputSize, (i + 1) * outputSize));
      const pair = `${truth} ${predicted}`;
      answered.set(pair, { truth, predicted, count: (answered.get(pair)?.count ?? 0) + 1 });
      if (predicted === truth) continue;
      wrong++;
      found.push({ sample: from + i, truth, predicted, confidence, inputs: sampleOf(inputs, batch, i) });
    }
    // An untrained model gets most of them wrong: their pictures are not all kept.
    found.sort((a, b) => b.confidence - a.confidence);
    found.length = Math.min(found.length, most);
  }
  return { checked, of: data.size, wrong, answered: [...answered.values()], shown: found };
}
