/** The last training, kept in the browser: a page that is loaded again goes on with it. */
import type { History } from '../../runtime/types.ts';

export interface Kept {
  /** Of which model, data, seed and first weights: `Setup.id`. */
  readonly id: string;
  readonly checkpoint: Uint8Array;
  readonly history: History;
  /** Epochs that have ended, and a part of one. */
  readonly done: number;
}

const [database, store, key] = ['cnnc play', 'training', 'last'];

/** In place of what was kept before. False where the browser keeps nothing, or has no room. */
export const keep = (kept: Kept): Promise<boolean> =>
  within('readwrite', (training) => training.put(kept, key)).then(
    () => true,
    () => false,
  );

export async function keptFor(id: string): Promise<Kept | undefined> {
  const found = await within<Kept | undefined>('readonly', (training) => training.get(key)).catch(
    () => undefined,
  );
  return found?.id === id ? found : undefined;
}

export const forget = (): Promise<void> =>
  within('readwrite', (training) => training.delete(key)).catch(() => undefined);

async function within<T>(
  mode: IDBTransactionMode,
  work: (training: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(database, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(store);
  await new Promise((done, failed) => {
    opening.onsuccess = done;
    opening.onerror = () => failed(opening.error);
  });
  const { result: opened } = opening;
  try {
    const transaction = opened.transaction(store, mode);
    const request = work(transaction.objectStore(store));
    // A disk that is full is known when all has been written.
    await new Promise((done, failed) => {
      transaction.oncomplete = done;
      transaction.onabort = () => failed(transaction.error);
    });
    return request.result;
  } finally {
    opened.close();
  }
}
