/** The model, its data, and what happens to it: everything the worker does for the page. */
import { transfer } from 'comlink';
import type {
  Batch,
  Elements,
  History,
  Observation,
  Pixels,
  Scores,
  Signature,
} from '../../runtime/types.ts';
import { notFiniteAdvice } from '../../compiler/cli/advice.ts';
import type { Setup } from '../../compiler/cli/play/setup.ts';
import { truthOf } from './classifier.ts';
import { Clock } from './clock.ts';
import { forget, keep, keptFor } from './kept.ts';
import { findMistakes, roomFor, sampleOf } from './mistakes.ts';
import type { GeneratedModule, PlayModel } from './module.ts';
import { importModule } from './module.ts';
import { offerOf } from './offer.ts';
import type { EngineChoice, Listener, Look, Mistakes, Offer, Opened, Outcome } from './protocol.ts';
import { RemoteDataset } from './remote-data.ts';

/** Samples that are looked at for mistakes: after each epoch, and when there is time. */
const [someSamples, manySamples] = [1000, 10_000];

/** Milliseconds between two messages on how far training is. */
const messageEvery = 100;

/** Samples of the data from which the brightness of their paper is told. */
const paperSamples = 16;

interface Data {
  readonly train: RemoteDataset;
  readonly validation: RemoteDataset | undefined;
}

interface Current {
  readonly module: GeneratedModule;
  readonly model: PlayModel;
}

export class Session {
  #setup: Setup | undefined;
  #data: Data | undefined;
  #weights: Uint8Array | undefined;
  #current: Current | undefined;
  /** Where training stood last: what a model is made from again when the engine changes or breaks down. */
  #checkpoint: Uint8Array | undefined;
  #history: History = [];
  /** Epochs that have ended by then, and a part of one. */
  #done = 0;
  /** Whether the browser has the checkpoint, too. */
  #kept: Promise<boolean> = Promise.resolve(false);
  #abort: AbortController | undefined;
  readonly #clock = new Clock();

  async begin(setup: Setup): Promise<Offer> {
    this.#setup = setup;
    if (setup.weights) {
      const response = await fetch('/weights.safetensors');
      this.#weights = new Uint8Array(await response.arrayBuffer());
    }
    const kept = await keptFor(setup.id);
    if (kept) [this.#checkpoint, this.#history, this.#done] = [kept.checkpoint, kept.history, kept.done];
    return offerOf(setup);
  }

  /** Makes the model anew on this engine; it goes on where training stood, or from the start with `anew`. */
  async open(choice: EngineChoice, anew: boolean): Promise<Opened> {
    const setup = this.#known();
    await this.#current?.model.dispose().catch(() => {});
    this.#current = undefined;
    if (anew) {
      this.#forget();
      this.#kept = this.#kept.then(forget).then(() => false);
    }
    const module = await importModule(choice.kind);
    const model = await module.createModel({
      seed: setup.seed,
      ...(this.#weights && { weights: this.#weights }),
      ...(choice.kind === 'wasm' && choice.threads > 1 && { threads: choice.threads }),
    });
    this.#data ??= dataOf(setup, module.signature);
    const resume = this.#checkpoint;
    // No epoch is run: only what the checkpoint holds is taken.
    try {
      if (resume) await model.fit(this.#data.train, { resume, epochs: 0 });
    } catch (error) {
      // What the browser kept may be no checkpoint of ours; the model is as it was.
      if (!/^(?:checkpoint|weights-)/u.test(codeOf(error) ?? '')) throw error;
      this.#forget();
    }
    this.#current = { module, model };
    const { reason } = model.info;
    const lightPaper = await this.#lightPaper();
    return {
      signature: module.signature,
      classes: module.classes ?? {},
      engine: engineName(model),
      ...(reason && { note: reason }),
      history: this.#history,
      done: this.#done,
      canObserve: model.observe !== undefined,
      ...(lightPaper !== undefined && { lightPaper }),
    };
  }

  /** Trains up to `epochs` epochs in total. */
  async train(epochs: number, listener: Listener): Promise<Outcome> {
    const { model } = this.#open();
    const { train, validation } = this.#data as Data;
    const abort = new AbortController();
    this.#abort = abort;
    this.#clock.begin();
    const recent = new Recent(train.size, this.#known().batchSize);
    let [told, reached] = [0, this.#done];
    try {
      await model.fit(train, {
        epochs,
        ...(validation && { validation }),
        ...(this.#checkpoint && { resume: this.#checkpoint }),
        signal: abort.signal,
        onBatchEnd: async (now) => {
          this.#clock.step(now);
          reached = now.epoch - 1 + now.batch / now.batches;
          const time = performance.now();
          if (time - told >= messageEvery || now.batch === now.batches) {
            told = time;
            const { epoch, batch, batches } = now;
            const means = recent.since(now);
            listener.progress({ epoch, epochs, batch, batches, recent: means, ...this.#clock.speed(now) });
          }
          await this.#clock.running;
        },
        onEpochEnd: async (record, history) => {
          this.#keep(await model.saveCheckpoint(), history, history.length);
          listener.epoch(record, history);
          const found = await this.#mistakes(model, someSamples);
          if (found) listener.mistakes(found);
        },
      });
      return { kind: 'finished', history: this.#history, kept: await this.#kept };
    } catch (error) {
      return await this.#ended(model, error, reached);
    } finally {
      this.#abort = undefined;
    }
  }

  pause(): void {
    this.#clock.pause();
  }

  resume(): void {
    this.#clock.resume();
  }

  stop(): void {
    this.#abort?.abort();
    this.#clock.resume();
  }

  /** The drawing as the model takes it, and what it says to it. */
  async lookAtPixels(pixels: Pixels): Promise<Look> {
    const { model, module } = this.#open();
    const [input] = module.signature.inputs;
    if (!input || !module.imageFrom) throw new Error('the model takes no picture');
    const inputs = { [input.name]: module.imageFrom(pixels) };
    return { inputs, outputs: await model.predict(inputs) };
  }

  async lookAt(inputs: Batch): Promise<Look> {
    return { inputs, outputs: await this.#open().model.predict(inputs) };
  }

  /** One of the samples that the model is judged by; of those for training where there are no others. */
  async lookAtSample(number: number): Promise<Look> {
    const { signature } = this.#open().module;
    const data = this.#judged();
    const ports = [...signature.inputs, ...signature.labels];
    const arrays = roomFor(ports, 1);
    await data.read(Uint32Array.of(number % data.size), arrays);
    const look = await this.lookAt(sampleOf(signature.inputs, arrays, 0));
    const label = signature.labels.find(({ name }) => name === this.#known().classifier?.label);
    const values = label && arrays[label.name];
    return label && values ? { ...look, truth: truthOf(values, label) } : look;
  }

  async observe(inputs: Batch): Promise<Observation<Batch>> {
    const { model } = this.#open();
    if (!model.observe) throw new Error('the model cannot be observed');
    const observation = await model.observe(inputs);
    // Of a large model, these are too many to copy them twice.
    const { layers, saliency } = observation;
    return transfer(
      observation,
      [...layers, ...saliency].map(({ values }) => values.buffer),
    );
  }

  /** What the model gets wrong of all that it is judged by. */
  mistakes(): Promise<Mistakes | undefined> {
    return this.#mistakes(this.#open().model, manySamples);
  }

  /** A safetensors file. */
  weights(): Promise<Uint8Array> {
    return this.#open().model.saveWeights();
  }

  #known(): Setup {
    if (!this.#setup) throw new Error('the session has not begun');
    return this.#setup;
  }

  #open(): Current {
    if (!this.#current) throw new Error('there is no model yet');
    return this.#current;
  }

  #judged(): RemoteDataset {
    const { train, validation } = this.#data as Data;
    return validation ?? train;
  }

  async #mistakes(model: PlayModel, limit: number): Promise<Mistakes | undefined> {
    const { classifier } = this.#known();
    const { signature } = this.#open().module;
    return classifier && findMistakes(model, signature, classifier, this.#judged(), limit);
  }

  /** Keeps what can be kept of training that did not reach its end. */
  async #ended(model: PlayModel, error: unknown, reached: number): Promise<Outcome> {
    const code = codeOf(error);
    const message = error instanceof Error ? error.message : String(error);
    if (code === 'aborted') {
      // Where that is not possible, that of the last epoch is left.
      const checkpoint = await model.saveCheckpoint().catch(() => undefined);
      if (checkpoint) this.#keep(checkpoint, this.#history, reached);
      return { kind: 'stopped', history: this.#history, kept: await this.#kept };
    }
    const advice = code === 'not-finite' ? `; ${notFiniteAdvice(message)}` : '';
    return {
      kind: 'failed',
      history: this.#history,
      kept: await this.#kept,
      message: `${message}${advice}`,
    };
  }

  /** Here and, one after the other, in the browser. */
  #keep(checkpoint: Uint8Array, history: History, done: number): void {
    [this.#checkpoint, this.#history, this.#done] = [checkpoint, history, done];
    const { id } = this.#known();
    this.#kept = this.#kept.then(() => keep({ id, checkpoint, history, done }));
  }

  #forget(): void {
    [this.#checkpoint, this.#history, this.#done] = [undefined, [], 0];
  }

  /** Whether the data's pictures are bright where nothing is. */
  async #lightPaper(): Promise<boolean | undefined> {
    const { signature, imageFrom } = this.#open().module;
    const [input] = signature.inputs;
    if (!input || !imageFrom) return undefined;
    const data = this.#judged();
    const count = Math.min(paperSamples, data.size);
    const arrays = roomFor([...signature.inputs, ...signature.labels], count);
    await data.read(
      Uint32Array.from({ length: count }, (_, i) => i),
      arrays,
    );
    const values = arrays[input.name] as Elements;
    let sum = 0;
    for (const value of values) sum += value;
    return sum / values.length > (input.dtype === 'u8' ? 127.5 : 0.5);
  }
}

function dataOf({ train, validation }: Setup, { inputs, labels }: Signature): Data {
  const ports = [...inputs, ...labels];
  return {
    train: new RemoteDataset('/data/train', train, ports),
    validation: validation && new RemoteDataset('/data/validation', validation, ports),
  };
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

function engineName({ info }: PlayModel): string {
  const names = { ts: 'JavaScript', wasm: 'WebAssembly', wgsl: 'WebGPU' } as const;
  return info.threads > 1 ? `${names[info.target]}, ${info.threads} threads` : names[info.target];
}

/** From means over an epoch so far to means since they were last asked for. */
class Recent {
  readonly #size: number;
  readonly #batchSize: number;
  #epoch = 0;
  #samples = 0;
  #sums: Readonly<Record<string, number>> = {};

  constructor(size: number, batchSize: number) {
    this.#size = size;
    this.#batchSize = batchSize;
  }

  since({ epoch, batch, scores }: { epoch: number; batch: number; scores: Scores }): Scores {
    if (epoch !== this.#epoch) [this.#epoch, this.#samples, this.#sums] = [epoch, 0, {}];
    const samples = Math.min(batch * this.#batchSize, this.#size);
    const sums = Object.fromEntries(Object.entries(scores).map(([name, mean]) => [name, mean * samples]));
    const added = samples - this.#samples;
    const means = Object.entries(sums).map(
      ([name, sum]) => [name, (sum - (this.#sums[name] ?? 0)) / added] as const,
    );
    [this.#samples, this.#sums] = [samples, sums];
    return Object.fromEntries(means);
  }
}
