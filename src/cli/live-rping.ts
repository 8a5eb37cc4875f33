// rping for `wireverbs live`: the programs on the live host, and what people see of them.

import { InvalidArgumentError } from 'commander';
import {
  type Outcome,
  RPING_PORT,
  rpingClient,
  rpingServer,
  type Served,
} from '../apps/rping/index.js';
import type { Host } from '../host/index.js';
import { formatIp, parseIp } from '../stack/index.js';
import { after, seconds } from '../time/index.js';
import type { LiveWorld } from '../world/live.js';
import { counted, print, remark } from './terminal.js';

export interface Target {
  readonly ip: Uint8Array;
  readonly port: number;
}

/** Reads 'rping:10.0.0.2', 'rping:fd00::2' or 'rping:[fd00::2]:7174'. @throws InvalidArgumentError */
export function rpingTarget(text: string): Target {
  const rest = /^rping:(.+)$/.exec(text)?.[1];
  if (rest === undefined)
    throw new InvalidArgumentError(
      `expected rping:ADDRESS or rping:[ADDRESS]:PORT, found '${text}'.`,
    );
  // An IPv6 address without brackets has colons of its own, and no port.
  const isBare = !rest.startsWith('[') && rest.split(':').length > 2;
  const match = isBare ? null : /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(rest);
  try {
    return { ip: parseIp(match?.[1] ?? rest), port: Number(match?.[2] ?? RPING_PORT) };
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** Serves until the host ends; what became of it can be read at any time. */
export function serveRping(host: Host, size: number | undefined): Served {
  const served: Served = { connections: 0, pings: 0, failures: [] };
  const room = size === undefined ? {} : { size };
  host.spawn('rping -s', rpingServer(host, { ...room, say: print }, served));
  print(`rping: listening on port ${RPING_PORT}`);
  return served;
}

/** Connects and pings; ends with the outcome. */
export function connectRping(
  world: LiveWorld,
  host: Host,
  { ip, port }: Target,
  options: { readonly size?: number; readonly count?: number; readonly patience: number },
): Promise<Outcome> {
  const outcome: Outcome = { pings: 0, failure: '', ended: false };
  const { size, count, patience } = options;
  const program = rpingClient(
    host,
    {
      target: ip,
      port,
      ...(size !== undefined && { size }),
      ...(count !== undefined && { count }),
      patience: after(world.now, seconds(patience)),
      say: print,
    },
    outcome,
  );
  remark(`rping: connecting to ${formatIp(ip)}, port ${port}`);
  const thread = host.spawn('rping -c', program);
  return new Promise((resolve) => {
    const before = world.onSettled;
    world.onSettled = (now) => {
      before(now);
      if (thread.ended) resolve(outcome);
    };
    world.settle();
  });
}

export function reportServed({ connections, pings, failures }: Served): void {
  print(`rping: ${counted(connections, 'connection')} and ${counted(pings, 'ping')} served`);
  for (const failure of failures) print(`rping: ${failure}`);
}

export function reportOutcome({ pings, failure }: Outcome): void {
  print(`rping: ${counted(pings, 'ping')} came back whole`);
  if (failure === '') return;
  remark(`wireverbs: rping: ${failure}`);
  process.exitCode = 1;
}
