/** Runs in a worker of its own, so that the page stays quick while the model works. */
import { expose } from 'comlink';
import { Session } from './session.ts';

expose(new Session());
