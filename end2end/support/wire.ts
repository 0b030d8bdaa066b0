// A wire between browser and server that can be cut: real connections, really gone.
import { createServer, connect, type Server as Listener, type Socket } from 'node:net';
import { once } from 'node:events';

export class Wire {
  readonly #port: number;
  #listener: Listener | undefined;
  readonly #sockets = new Set<Socket>();
  /** Where to reach the server through the wire; fixed while the wire lives. */
  url = '';

  private constructor(server: string) {
    this.#port = Number(new URL(server).port);
  }

  static async to(server: string): Promise<Wire> {
    const wire = new Wire(server);
    await wire.#listen(0);
    return wire;
  }

  /** Every connection breaks, and no new one is taken. */
  async cut(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    if (!listener) return;
    const closed = once(listener, 'close');
    listener.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    await this.#listen(Number(new URL(this.url).port));
  }

  async #listen(port: number): Promise<void> {
    const listener = createServer((near) => {
      const far = connect(this.#port, '127.0.0.1');
      for (const [socket, other] of [[near, far], [far, near]]) {
        this.#sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    this.#listener = listener;
    const address = listener.address();
    if (address !== null && typeof address === 'object') this.url = `http://127.0.0.1:${address.port}`;
  }
}
