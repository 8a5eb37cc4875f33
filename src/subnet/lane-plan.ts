// How service levels are spread over the lanes of each link (IBA 14.2.5.8), and which requests tell it: as few as the
// switch allows. The bits of the modifier are those that opensm uses as well (osm_qos.c).

import { ATTRIBUTE, PORT_STATE } from './constant.js';
import { LEVELS, NO_LANE } from './lane-map.js';
import { lanesOfCode } from './rate.js';
import type { SmpRequest } from './smp.js';
import { type SubnetNode, type SubnetPort, stateOf } from './subnet.js';
import { PortInfo, SLtoVLMappingTable, SwitchInfo } from './wire.js';

/** AttributeModifier: the input port in bits 15 to 8, the output port in bits 7 to 0, or all of them. */
export const INPUT = 2 ** 8;
export const ALL_OUTPUTS = 2 ** 16;
export const ALL_INPUTS = 2 ** 17;

/** The map for a link with `lanes` lanes: as wished for, the levels in turn unless said, and never a lane that is not there. */
function mapFor(lanes: number, wished: readonly number[] | undefined): Uint8Array {
  const entries = Array.from({ length: LEVELS }, (_, level) => {
    const lane = wished?.[level] ?? level % lanes;
    return [`sl${level}`, lane === NO_LANE ? NO_LANE : lane % lanes] as const;
  });
  return SLtoVLMappingTable.encode(Object.fromEntries(entries));
}

const operational = ({ info }: SubnetPort): number =>
  lanesOfCode(PortInfo.get.operationalVls(info, 0));

/** Requests after which a node maps its levels as it shall. */
export function planLanes(node: SubnetNode, wished: readonly number[] | undefined): SmpRequest[] {
  const set = (modifier: number, data: Uint8Array) =>
    ({ method: 'set', attribute: ATTRIBUTE.slToVl, modifier, data }) as const;
  const ports = [...node.ports.values()].filter(
    (port) => stateOf(port) !== PORT_STATE.down && operational(port) > 0,
  );
  if (!node.isSwitch)
    return ports.slice(0, 1).map((port) => set(0, mapFor(operational(port), wished)));
  const outputs = ports.filter(({ number }) => number > 0);
  if (outputs.length === 0) return [];
  if (SwitchInfo.get.optimizedSlToVlMappingProgramming(node.switchInfo!, 0) === 0)
    return outputs.flatMap((port) => {
      const map = mapFor(operational(port), wished);
      const inputs = [0, ...outputs.map(({ number }) => number)];
      return inputs.map((input) => set(input * INPUT + port.number, map));
    });
  const usual = mostCommon(outputs.map(operational));
  const others = outputs.filter((port) => operational(port) !== usual);
  return [
    set(ALL_INPUTS + ALL_OUTPUTS, mapFor(usual, wished)),
    ...others.map((port) => set(ALL_INPUTS + port.number, mapFor(operational(port), wished))),
  ];
}

function mostCommon(values: readonly number[]): number {
  const count = (value: number) => values.filter((other) => other === value).length;
  return values.reduce((best, value) => (count(value) > count(best) ? value : best));
}
