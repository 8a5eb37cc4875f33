// `wireverbs demo`: a shipped capture as a summary, one frame of it byte for byte, its checks, and one message
// over kernel TCP and RDMA beside each other.

import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { checkInput } from './check.js';
import { runCompare } from './compare-run.js';
import { dissectInput } from './dissect.js';
import { frameNumbers } from './input.js';
import { print, style } from './terminal.js';

const capture = fileURLToPath(new URL('../../../examples/rdma-write.pcapng', import.meta.url));

/** The frame that is shown byte for byte: an RDMA WRITE. */
const WRITE = '8';

export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('show a shipped capture, and what RDMA saves beside kernel TCP')
    .action(async () => {
      print(
        style.layer(
          "Two Linux kernels connect, send, write into each other's memory, and disconnect:",
        ),
      );
      print(style.dim('$ wireverbs dissect examples/rdma-write.pcapng'));
      await dissectInput(capture, {});
      print(style.layer('\nOne of the RDMA WRITEs, every byte of it:'));
      print(style.dim(`$ wireverbs dissect examples/rdma-write.pcapng --frame ${WRITE}`));
      await dissectInput(capture, { frame: frameNumbers(WRITE) });
      print(style.layer('\nIs all of it right? Every length and checksum, the ICRC included:'));
      print(style.dim('$ wireverbs check examples/rdma-write.pcapng'));
      await checkInput(capture, {});
      print(
        style.layer(
          '\nWhat does such a WRITE save? The same message over kernel TCP and over RDMA:',
        ),
      );
      print(style.dim('$ wireverbs compare'));
      runCompare({ size: 4096, op: 'write', nic: 'connectx5', cpu: 'xeonhaswell', seed: 1 });
      print(
        style.dim(
          '\nNext: npx wireverbs compare --svg compare.svg, which draws that; npx wireverbs --help; more captures are in examples/ and test/captures/.',
        ),
      );
    });
}
