// Mirrors src/subnet/directed-route.ts, agent.ts and agent-attribute.ts.

import { SubnetAgent } from '../../../src/subnet/agent.js';
import { ATTRIBUTE, PORT_STATE } from '../../../src/subnet/constant.js';
import {
  BY_LID,
  back,
  DISCARD,
  HERE,
  hop,
  sendOff,
  TO_MANAGER,
} from '../../../src/subnet/directed-route.js';
import { LaneMap } from '../../../src/subnet/lane-map.js';
import { ALL_INPUTS, ALL_OUTPUTS, INPUT, planLanes } from '../../../src/subnet/lane-plan.js';
import { ManagedNode } from '../../../src/subnet/node.js';
import { DATA_AT, SMP_AT, type SmpRequest, smpOf } from '../../../src/subnet/smp.js';
import { portIn, type SubnetNode } from '../../../src/subnet/subnet.js';
import {
  DirectedRoute,
  MAD,
  NodeInfo,
  PortInfo,
  SLtoVLMappingTable,
  SMPDR,
  SwitchInfo,
} from '../../../src/subnet/wire.js';
import { assert, spec } from '../../support/spec.js';

const adapter = { isSwitch: false, numPorts: 1 };
const sw = { isSwitch: true, numPorts: 8 };
const getInfo: SmpRequest = { method: 'get', attribute: ATTRIBUTE.nodeInfo };
const pointer = (b: Uint8Array) => DirectedRoute.get.hopPointer(b, 0);

spec('directed routes (IBA 14.2.2)', (it) => {
  it('run along the initial path and back along the return path', () => {
    const b = smpOf({ path: [1, 5, 7] }, getInfo, 1n);
    assert.is(sendOff(b, 0, adapter), 1);
    assert.equal([hop(b, 0, sw, 2), pointer(b)], [5, 2]);
    assert.equal([hop(b, 0, sw, 3), pointer(b)], [7, 3]);
    assert.equal([hop(b, 0, adapter, 1), pointer(b)], [HERE, 4]);
    DirectedRoute.set.d(b, 0, 1);
    assert.equal([back(b, 0, adapter), pointer(b)], [1, 3]);
    assert.equal([hop(b, 0, sw, 7), pointer(b)], [3, 2]);
    assert.equal([hop(b, 0, sw, 5), pointer(b)], [2, 1]);
    assert.equal([hop(b, 0, adapter, 1), pointer(b)], [TO_MANAGER, 0]);
  });

  it('may begin and end behind a part that goes by LID', () => {
    const b = smpOf({ path: [4] }, getInfo, 1n);
    SMPDR.set.drSLid(b, SMP_AT, 9);
    SMPDR.set.drDLid(b, SMP_AT, 12);
    assert.is(hop(b, 0, sw, 1), 4, 'the switch where the part by LID ends sends it off');
    assert.is(hop(b, 0, sw, 2), BY_LID);
    assert.is(hop(b, 0, adapter, 1), HERE);
    DirectedRoute.set.d(b, 0, 1);
    assert.is(hop(b, 0, sw, 6), 2, 'the answer came back to the last switch by LID');
    assert.is(hop(b, 0, sw, 4), BY_LID);
  });

  it('end where adapters would have to pass them on, where no port is, and at wrong pointers', () => {
    const middle = smpOf({ path: [1, 1] }, getInfo, 1n);
    sendOff(middle, 0, adapter);
    assert.is(hop(middle, 0, adapter, 1), DISCARD);
    const nowhere = smpOf({ path: [1, 9] }, getInfo, 1n);
    sendOff(nowhere, 0, adapter);
    assert.is(hop(nowhere, 0, sw, 1), DISCARD);
    for (let count = 0; count < 256; count += 5)
      for (let at = 0; at < 256; at += 3)
        for (const d of [0, 1]) {
          const b = smpOf({ path: [1] }, getInfo, 1n);
          DirectedRoute.set.hopCount(b, 0, count);
          DirectedRoute.set.hopPointer(b, 0, at);
          DirectedRoute.set.d(b, 0, d);
          const out = hop(b, 0, sw, 1);
          if (count > 63 || at > count + 1) assert.is(out, DISCARD);
        }
  });
});

function agentOf() {
  const link = { state: PORT_STATE.initialize as number };
  const port = { link, rate: 100e9, lanes: 4, mtu: 4096 };
  const lanes = new LaneMap(0, (level) => level % 4);
  const node = new ManagedNode({ name: 'h', guid: 5n, ports: [port], lanes });
  const agent = new SubnetAgent(node);
  const ask = (request: SmpRequest) => {
    const b = smpOf({ lid: 1 }, request, 1n);
    const answered = agent.answer(b, 0, 1);
    return { answered, status: MAD.get.status(b, 0), data: b.subarray(DATA_AT) };
  };
  const portInfo = (fields: object) =>
    PortInfo.encode({ lid: 3, masterSmLid: 1, neighborMtu: 5, operationalVls: 3, ...fields });
  const set = (fields: object, mKey = 0n) =>
    ask({ method: 'set', attribute: ATTRIBUTE.portInfo, mKey, data: portInfo(fields) });
  return { ask, set, link };
}

spec('a subnet management agent', (it) => {
  it('tells who its node is', () => {
    const { data } = agentOf().ask(getInfo);
    assert.equal([NodeInfo.get.nodeType(data, 0), NodeInfo.get.portGuid(data, 0)], [1, 5n]);
  });

  it('lets the port rise step by step, and no other way', () => {
    const { set, link } = agentOf();
    assert.is(set({ portState: PORT_STATE.active }).status, 28, 'not armed yet');
    assert.is(set({ portState: PORT_STATE.armed }).status, 0);
    assert.is(set({ portState: PORT_STATE.armed }).status, 0, 'a repeated request');
    assert.is(set({ portState: PORT_STATE.active }).status, 0);
    assert.is(link.state, PORT_STATE.active);
  });

  it('refuses LIDs and MTUs that are none, unknown attributes and methods', () => {
    const { ask, set } = agentOf();
    assert.is(set({ lid: 0 }).status, 28);
    assert.is(set({ lid: 0xc000 }).status, 28);
    assert.is(set({ neighborMtu: 6 }).status, 28);
    assert.is(ask({ method: 'get', attribute: 0x1234 }).status, 12);
    assert.is(ask({ method: 'set', attribute: ATTRIBUTE.nodeInfo }).status, 12);
    assert.is(ask({ method: 'trap', attribute: ATTRIBUTE.notice }).status, 8);
  });

  it('answers requests as the M_Key and its protection bits say (IBA 14.2.4)', () => {
    for (const [mKeyProtectBits, reads, shows] of [
      [0, true, true],
      [1, true, false],
      [2, false, false],
      [3, false, false],
    ] as const) {
      const { ask, set } = agentOf();
      assert.is(set({ mKey: 0x77n, mKeyProtectBits }).status, 0, 'there was none before');
      const get: SmpRequest = { method: 'get', attribute: ATTRIBUTE.portInfo };
      const read = ask(get);
      assert.is(read.answered, reads);
      if (reads) assert.is(PortInfo.get.mKey(read.data, 0), shows ? 0x77n : 0n);
      assert.not.ok(set({ lid: 4 }).answered);
      assert.ok(set({ lid: 4, mKey: 0x77n, mKeyProtectBits }, 0x77n).answered);
      const { data } = ask({ ...get, mKey: 0x77n });
      assert.is(PortInfo.get.mKeyViolations(data, 0), reads ? 1 : 2);
      assert.is(PortInfo.get.mKey(data, 0), 0x77n);
    }
  });
});

/** A switch of three ports whose levels all go to lane 0, and how its agent is asked for maps. */
function switchOf() {
  const port = { link: { state: PORT_STATE.active }, rate: 100e9, lanes: 4, mtu: 4096 };
  const lanes = new LaneMap(3, () => 0);
  const tables = {
    forwarding: new Uint8Array(64),
    multicast: new Uint16Array(32),
    multicastWords: 1,
  };
  const node = new ManagedNode({ name: 's', guid: 6n, ports: [port, port, port], tables, lanes });
  const agent = new SubnetAgent(node);
  const ask = (request: Omit<SmpRequest, 'attribute'>) => {
    const b = smpOf({ path: [1] }, { ...request, attribute: ATTRIBUTE.slToVl }, 1n);
    agent.answer(b, 0, 1);
    return { status: DirectedRoute.get.status(b, 0), data: b.subarray(DATA_AT) };
  };
  const level2 = (input: number, output: number) => lanes.lane(input, output, 2);
  return { ask, level2 };
}

/** A node as the manager found it, with the operational lanes of its ports. */
function foundNode(isSwitch: boolean, optimized: number, codes: readonly number[]): SubnetNode {
  const node: SubnetNode = {
    guid: 1n,
    isSwitch,
    info: new Uint8Array(NodeInfo.size),
    path: [],
    description: new Uint8Array(0),
    ports: new Map(),
    switchInfo: SwitchInfo.encode({ optimizedSlToVlMappingProgramming: optimized }),
  };
  codes.forEach((operationalVls, i) => {
    portIn(node, i + 1).info = PortInfo.encode({ operationalVls, portState: PORT_STATE.armed });
  });
  return node;
}

spec('maps of service levels to lanes (IBA 14.2.5.8)', (it) => {
  const data = SLtoVLMappingTable.encode({ sl2: 3 });
  it('are told for one pair of ports, for all inputs of an output, or for all', () => {
    const { ask, level2 } = switchOf();
    assert.is(ask({ method: 'set', modifier: 1 * INPUT + 2, data }).status, 0);
    assert.equal([level2(1, 2), level2(2, 1), level2(3, 2)], [3, 0, 0]);
    assert.is(ask({ method: 'set', modifier: ALL_INPUTS + 1, data }).status, 0);
    assert.equal([level2(0, 1), level2(2, 1), level2(3, 1), level2(2, 3)], [3, 3, 3, 0]);
    assert.is(ask({ method: 'set', modifier: ALL_INPUTS + ALL_OUTPUTS, data }).status, 0);
    assert.equal([level2(0, 0), level2(2, 3), level2(3, 3)], [3, 3, 3]);
    const { data: told } = ask({ method: 'get', modifier: 3 * INPUT + 3 });
    assert.equal(SLtoVLMappingTable.decode(told, 0), SLtoVLMappingTable.decode(data, 0));
    assert.is(ask({ method: 'get', modifier: 4 * INPUT + 1 }).status, 28, 'there is no port 4');
  });
  it('are planned by the lanes that each link was set to, in as few requests as the switch takes', () => {
    const lane5 = ({ data: map }: SmpRequest) => SLtoVLMappingTable.decode(map!, 0).sl5;
    // Ports with 4, 2 and 4 lanes: codes 3, 2 and 3.
    const few = planLanes(foundNode(true, 1, [3, 2, 3]), undefined);
    assert.equal(
      few.map((request) => [request.modifier, lane5(request)]),
      [
        [ALL_INPUTS + ALL_OUTPUTS, 1],
        [ALL_INPUTS + 2, 1],
      ],
    );
    const wished = Array.from({ length: 16 }, (_, level) => (level === 5 ? 3 : 15));
    const each = planLanes(foundNode(true, 0, [3, 2]), wished);
    assert.equal(
      each.map((request) => [request.modifier, lane5(request)]),
      [0, 1, 2]
        .flatMap((input) => [[input * INPUT + 1, 3]])
        .concat([0, 1, 2].map((input) => [input * INPUT + 2, 1])),
    );
    assert.is(SLtoVLMappingTable.decode(each[0]!.data!, 0).sl0, 15, 'dropped, as wished for');
    assert.equal(planLanes(foundNode(false, 0, [4]), undefined).map(lane5), [5]);
  });
});
