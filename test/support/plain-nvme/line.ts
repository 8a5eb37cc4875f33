// A queue of a plain NVMe/TCP host on a socket of this machine, with both digests.

import { connect, type Socket } from 'node:net';
import type { Command } from './command.js';
import { TcpHostQueue } from './tcp-queue.js';

/** A queue on a socket. */
export class Line {
  readonly queue: TcpHostQueue;
  readonly socket: Socket;
  #heard: () => void = () => {};

  constructor(port: number, qid: number, entries: number) {
    this.queue = new TcpHostQueue({ qid, entries, digests: { header: true, data: true } });
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (bytes: Uint8Array) => {
      this.queue.receive(bytes);
      this.#send();
      this.#heard();
    });
    this.socket.on('close', () => {
      this.queue.lost('closed');
      this.#heard();
    });
    this.#send();
  }

  #send(): void {
    for (let bytes = this.queue.take(); bytes; bytes = this.queue.take()) this.socket.write(bytes);
  }

  async do(command: Command): Promise<Command> {
    while (!this.queue.ready && this.queue.why === '') await this.news();
    this.queue.submit(command);
    this.#send();
    while (command.ending === 'open') await this.news();
    return command;
  }

  news(): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = resolve;
    });
  }
}
