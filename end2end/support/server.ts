// A server of its own for each worker: the real binary on an embedded Postgres in a new folder.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const binary = process.env.EVENTIDE_BIN ?? join(import.meta.dirname, '../../target/debug/eventide');

export interface Server {
  /** Without a slash at its end. */
  url: string;
}

/** Runs `use` while the server runs; afterwards nothing of it is left. */
export async function withServer(use: (server: Server) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'eventide-e2e-'));
  const child = spawn(binary, ['serve', '--addr', '127.0.0.1:0', '--data-dir', folder, '--demo', 'on', '--rate-limit', 'off'], {
    env: { ...process.env, DATABASE_URL: '', EVENTIDE_BASE_URL: '', EVENTIDE_LOG: process.env.EVENTIDE_LOG ?? 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await use({ url: await told(child) });
  } finally {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The address that the server prints once it serves. */
function told(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout!.on('data', (chunk) => {
      said += chunk;
      const found = said.match(/Eventide is at (http:\S+?)\/?\s/);
      if (found) resolve(found[1]);
    });
    child.on('error', (cause) => reject(new Error(`${binary} cannot be started`, { cause })));
    child.on('exit', (code) => reject(new Error(`eventide ended with ${code}: ${said}`)));
  });
}
