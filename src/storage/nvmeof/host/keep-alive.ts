// Keep-alive of one connection to a controller, by a thread of its own: it begins when the controller is enabled, because
// connecting the I/O queues may take longer than its timeout (Linux: nvme_start_keep_alive in nvme_init_ctrl_finish).

import { nvme } from '../../../../protocols/index.js';
import { Signal, type Thread, type Wait } from '../../../cpu/index.js';
import type { Computer } from '../../../host/index.js';
import { after, ms, type Nanos } from '../../../time/index.js';
import { KEEP_ALIVE_TAG, keepAlive } from './commands.js';
import type { HostQueue } from './host-queue.js';

export interface KeepAliveOptions {
  readonly computer: Computer;
  readonly core: number;
  readonly admin: HostQueue;
  /** The controller's timeout; commands go out twice as often. */
  readonly timeoutMs: number;
  sent(): void;
  /** The controller does not answer, or says that it is not alive. */
  lost(now: Nanos, why: string): void;
}

export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #news = new Signal();
  #ended = false;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    const { computer, core } = options;
    computer.spawn('nvme keep alive', (thread) => this.#run(thread), { core });
  }

  /** The connection is over. */
  end(now: Nanos): void {
    this.#ended = true;
    this.#news.raise(now);
  }

  *#run(thread: Thread): Generator<Wait, void, void> {
    const { timeoutMs, admin, lost } = this.#options;
    let due = after(thread.now, ms(timeoutMs / 2));
    while (!this.#ended && admin.why === '') {
      if (thread.now < due) {
        yield thread.block(this.#news, due);
        continue;
      }
      due = after(thread.now, ms(timeoutMs / 2));
      const failure = yield* this.#ask(thread);
      if (failure !== '' && !this.#ended) return lost(thread.now, failure);
    }
  }

  *#ask(thread: Thread): Generator<Wait, string, void> {
    const { admin, timeoutMs, sent } = this.#options;
    const command = admin.commands[KEEP_ALIVE_TAG]!;
    command.at();
    keepAlive(command);
    let isOver = false;
    command.done = (now) => {
      isOver = true;
      this.#news.raise(now);
    };
    sent();
    const end = after(thread.now, ms(timeoutMs));
    yield* admin.send(thread, command, true);
    while (!isOver && !this.#ended && admin.why === '') {
      if (thread.now >= end) return 'Keep Alive was not answered';
      yield thread.block(this.#news, end);
    }
    command.done = () => {};
    if (!isOver || command.succeeded) return '';
    return `Keep Alive: ${nvme.statusName(command.sct, command.sc)}`;
  }
}
