import { spawn } from 'node:child_process';
import type { Io } from '../io.ts';

/** What opens an address, by platform. */
const commands: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  // `start` takes a first word in quotes as the title of a window.
  win32: ['cmd', '/c', 'start', '""'],
};

/** Opens an address in the browser; where that fails, says so. */
export function openBrowser(io: Io, address: string): void {
  const [command, ...args] = commands[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, address], { stdio: 'ignore', detached: true });
  child.on('error', () => io.err('no browser could be opened from here; the address is above\n'));
  child.unref();
}
