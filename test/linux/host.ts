// Our side of the guest's wire: a host of ours in real time, everything it sees in a capture, and the judges of that
// capture: `wireverbs check`, and tshark where it is installed.

import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseMac } from '../../protocols/index.js';
import { CaptureTap, type Impairment } from '../../src/fabric/index.js';
import { Host, type HostOptions } from '../../src/host/index.js';
import { realTimeCpu } from '../../src/profiles/cpu.js';
import type { HostStack } from '../../src/stack/index.js';
import { Random } from '../../src/time/index.js';
import { LiveWorld } from '../../src/world/live.js';
import { assert } from '../support/spec.js';
import { type GuestEnd, type GuestOptions, runGuest } from './guest.js';

const OUR_MAC = '52:54:00:00:00:01';
const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface LiveHost {
  readonly world: LiveWorld;
  readonly host: Host;
  readonly stack: HostStack;
  readonly folder: string;
  readonly socket: string;
  readonly capture: string;
  close(): Promise<void>;
  /** Throws the capture away; one of a test that failed stays, and its place is in the complaint. */
  discard(): void;
}

/** Our host, listening for a guest; the first `mostCaptured` frames are captured. */
export async function liveHost(
  addresses: readonly string[],
  impairments: readonly Impairment[] = [],
  more: Partial<HostOptions> = {},
  mostCaptured = Number.POSITIVE_INFINITY,
): Promise<LiveHost> {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-live-'));
  const socket = join(folder, 'wire.sock');
  const capture = join(folder, 'wire.pcapng');
  const world = new LiveWorld();
  const host = new Host({
    name: 'eth0',
    pool: world.pool,
    mac: parseMac(OUR_MAC),
    addresses,
    random: new Random(1),
    guid: BigInt(Date.now()),
    cpu: realTimeCpu,
    ...more,
  });
  writeFileSync(capture, '');
  const tap = new CaptureTap((bytes) => appendFileSync(capture, bytes));
  const port = tap.port('eth0', 1, ['in', 'out', 'lost'], world.epochSeconds);
  world.tap({ frame: (...seen) => tap.frames < mostCaptured && port.frame(...seen) });
  for (const impairment of impairments) world.impair(impairment);
  await world.connect(host, `qemu:${socket}`);
  const close = async () => {
    await world.close();
    tap.flush();
  };
  const discard = () => rmSync(folder, { recursive: true });
  return { world, host, stack: host.stack!, folder, socket, capture, close, discard };
}

/** Boots a guest on our host's wire. A script that fails fails the test with the guest's console. */
export async function guestOn(
  host: LiveHost,
  script: string,
  more: Omit<GuestOptions, 'script' | 'socket'> = {},
): Promise<GuestEnd> {
  const end = await runGuest({ script, socket: host.socket, ...more });
  if (end.code !== 0) await host.close(); // the capture is whole then
  assert.is(
    end.code,
    0,
    `${host.capture}: the guest's script ended with ${end.code}:\n${end.console}`,
  );
  return end;
}

/**
 * The capture is right by our own check, and tshark finds nothing malformed in it, but in frames of `except`, a filter for what
 * it is known to misread.
 */
export function judgeCapture(path: string, except?: string): void {
  const ours = spawnSync(process.execPath, [main, 'check', path], { encoding: 'utf8' });
  assert.is(ours.status, 0, `${path}:\n${ours.stdout}${ours.stderr}`);
  const filter = except === undefined ? '_ws.malformed' : `_ws.malformed && !(${except})`;
  const theirs = spawnSync('tshark', ['-n', '-r', path, '-Y', filter], {
    encoding: 'utf8',
  });
  if (theirs.error) {
    assert.ok(!process.env.CI, 'tshark is not installed');
    return;
  }
  assert.is(theirs.status, 0, theirs.stderr);
  assert.is(theirs.stdout, '', path);
}

/** Waits until somebody listens there; QEMU gives up at once where nobody does. */
export async function listening(socket: string): Promise<void> {
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 50));
}

/**
 * A shell function: rping as client, which must say that it succeeded. When it has done everything and closes, its thread
 * for events may still ask a channel that is closed, and then ends the program with 255: that race is rping's own. What
 * went over the wire is counted by our server all the same.
 */
export const rpingClientFunction = `rping_client() {
  code=0; timeout 60 rping -c "$@" >/tmp/rping.out 2>&1 || code=$?
  cat /tmp/rping.out
  [ $code = 0 ] && return
  [ $code = 255 ] && grep -q 'DISCONNECT EVENT' /tmp/rping.out && grep -q 'rdma_get_cm_event: Bad file descriptor' /tmp/rping.out
}
`;
