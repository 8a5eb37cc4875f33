// A subnet with its manager for tests: hosts that are probes and know what their port was told, and a capture of all links.

import type { IbSwitch } from '../../../src/fabric/ib-switch.js';
import { CaptureTap } from '../../../src/fabric/index.js';
import type { Topology } from '../../../src/fabric/topology.js';
import type { PortView } from '../../../src/subnet/index.js';
import type { Nanos } from '../../../src/time/index.js';
import { bringUp, buildFabric, type FabricOptions } from '../../../src/world/fabric.js';
import { Simulation } from '../../../src/world/sim.js';
import { Probe } from '../fabric/probe.js';

export class PortProbe extends Probe {
  view: PortView | undefined;

  portChanged(_now: Nanos, view: PortView): void {
    this.view = view;
  }
}

export function managed(topology: Topology, options: FabricOptions = {}, seed = 3) {
  const sim = new Simulation({ seed });
  const probes: PortProbe[] = [];
  const make = ({ name }: { readonly name: string }) => {
    const probe = new PortProbe(name, sim.pool);
    probes.push(probe);
    return probe;
  };
  const fabric = buildFabric(sim, topology, 'infiniband', make, options);
  const parts: Uint8Array[] = [];
  const tap = new CaptureTap((bytes) => parts.push(bytes.slice()));
  const stations = [...fabric.hosts, ...fabric.switches.values()];
  for (const station of stations)
    for (let port = 0; port < station.ports; port++)
      sim.tap(station, port, tap.port(`${station.name}.${port}`, 247, ['out', 'lost']));
  const manager = fabric.manager!;
  return {
    sim,
    fabric,
    probes,
    manager,
    switches: topology.switches.map((name) => fabric.switches.get(name) as IbSwitch),
    up: () => bringUp(sim, fabric),
    capture: () => {
      tap.flush();
      return Buffer.concat(parts);
    },
    /** Sends `bytes` from host `i` and lets everything happen. */
    send: (i: number, bytes: Uint8Array) => {
      probes[i]!.send(bytes);
      sim.settle(fabric.hosts[i]!);
      sim.run();
    },
  };
}

export type Managed = ReturnType<typeof managed>;
