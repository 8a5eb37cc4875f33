// A node of the pool as a program that offers one volume, over the transport of all.

import type { Program } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { NvmeTarget, newServed, newTcpServed, rdmaServer, tcpServer } from '../nvmeof/index.js';
import type { Volume } from '../volume.js';

export interface VolumeServerOptions {
  readonly transport: 'rdma' | 'tcp';
  readonly subnqn: string;
  readonly volume: Volume;
  readonly uuid: Uint8Array;
  /** As discovery tells it. */
  readonly address: string;
  /** 4420 unless given. */
  readonly port?: number;
  /** Another one when the volume may have forgotten what was not flushed. */
  readonly bootId?: Uint8Array;
  readonly blockSize?: number;
  /** Of RDMA: memory through which data goes. */
  readonly poolBytes?: number;
}

export function volumeServer(computer: Computer, options: VolumeServerOptions): Program {
  const { transport, subnqn, address, port, volume, uuid, bootId, blockSize, poolBytes } = options;
  const target = new NvmeTarget({ ...(bootId && { bootId }) });
  const subsystem = target.addSubsystem(computer.now, { nqn: subnqn });
  const namespace = { nsid: 1, volume, uuid, ...(blockSize && { blockSize }) };
  subsystem.addNamespace(computer.now, namespace);
  const served = {
    target,
    address,
    ...(port !== undefined && { port }),
    ...(poolBytes && { poolBytes }),
  };
  return transport === 'tcp'
    ? tcpServer(computer, served, newTcpServed())
    : rdmaServer(computer, served, newServed());
}
