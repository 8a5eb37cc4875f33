// Linux's NVMe/TCP hosts as captured: our target stands in for Linux's, gets every PDU of the host, and answers each
// command with the same PDUs, the same status and the same data.

import { nvme } from '../../../../protocols/index.js';
import { PDU, sealPdu } from '../../../../src/storage/nvmeof/tcp/pdu.js';
import { assert, spec } from '../../../support/spec.js';
import { judge, judgeEffects } from './own-fields.js';
import { type Exchange, type Life, portOf, replay, serve } from './replay.js';
import { carried } from './tcp-capture.js';

const { TCP, R2T, SQE } = nvme;

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

const lives = [
  {
    name: 'nvme-tcp.pcap.gz',
    commands: 366,
    life: {
      nqn: 'nqn.2026-11.org.example:vol1',
      serial: '5b5dfbf123a8c722e3b7',
      uuid: hex('db421604d5a140e095e6a578655dd98b'),
      blocks: 0xc000,
      address: '10.0.0.1',
      portid: 1,
    },
  },
  {
    name: 'nvme-tcp-connect.pcap',
    commands: 43,
    life: {
      nqn: 'nqn.2024-01.io.example:pool1',
      serial: '3803f9d74cf5b09971a9',
      uuid: hex('cf2c3a21a31c4f93a40c351ae0b2b712'),
      blocks: 0x80000,
      address: '10.99.0.1',
      portid: 1,
      generation: 3,
    },
  },
] as const satisfies readonly { name: string; commands: number; life: Life }[];

const IDENTIFY = 0x06;
const GET_LOG_PAGE = 0x02;
const ASYNC_EVENT_REQUEST = 0x0c;
const CDW = nvme.SQE_SIZE - nvme.Identify.size;

/** Types and flags of the answers to a command: the sequence of operations. */
const shape = (pdus: readonly Uint8Array[]): string[] =>
  pdus.map((pdu) => {
    const { type, last, success, hdgst, ddgst } = TCP.get;
    const flags = [last, success, hdgst, ddgst].map((get) => get(pdu, 0)).join('');
    return `${nvme.pduTypes[type(pdu, 0) as keyof typeof nvme.pduTypes]} ${flags}`;
  });

const only = (pdus: readonly Uint8Array[], type: number) =>
  pdus.filter((pdu) => TCP.get.type(pdu, 0) === type);
const dataOf = (pdus: readonly Uint8Array[]): Uint8Array[] =>
  only(pdus, PDU.c2hData).map((pdu) => {
    const at = TCP.get.pdo(pdu, 0);
    return pdu.slice(at, at + nvme.C2HData.get.length(pdu, TCP.size));
  });

/** Transfer tags are the target's choice. */
function withoutTag(pdu: Uint8Array): Uint8Array {
  const copy = pdu.slice();
  R2T.set.ttag(copy, TCP.size, 0);
  sealPdu(copy);
  return copy;
}

function judgeStructure({ sqe, theirs, ours }: Exchange, isAdmin: boolean): boolean {
  const [theirData, ourData] = [dataOf(theirs)[0], dataOf(ours)[0]];
  if (!isAdmin || !theirData || !ourData) return false;
  const opcode = SQE.get.opcode(sqe, 0);
  const cns = opcode === IDENTIFY ? nvme.Identify.get.cns(sqe, CDW) : -1;
  if (cns === 0) judge(nvme.IdentifyNamespace as Parameters<typeof judge>[0], theirData, ourData);
  else if (cns === 1)
    judge(nvme.IdentifyController as Parameters<typeof judge>[0], theirData, ourData);
  else if (opcode === GET_LOG_PAGE && nvme.GetLogPage.get.lid(sqe, CDW) === 5)
    judgeEffects(theirData, ourData);
  else return false;
  return true;
}

spec('NVMe/TCP captures of Linux', (it) => {
  for (const { name, commands, life } of lives) {
    const played = () => replay(carried(name), serve(life), portOf(life));
    it(`${name}: every command is answered by the same PDUs`, () => {
      const { exchanges } = played();
      assert.is(exchanges.length, commands);
      for (const { sqe, frame, theirs, ours } of exchanges) {
        // A parked event request is failed by Linux's target when the host has hung up already, and is not by ours.
        const isParked = SQE.get.opcode(sqe, 0) === ASYNC_EVENT_REQUEST && ours.length === 0;
        if (!isParked) assert.equal(shape(ours), shape(theirs), `frame ${frame}`);
      }
    });
    it(`${name}: completions and data are the same, byte for byte, but for what is documented`, () => {
      const { exchanges, plays } = played();
      const admins = new Set(exchanges.filter(isAdminConnect).map((e) => e.connection));
      let structures = 0;
      for (const exchange of exchanges) {
        const { ours, theirs, frame, connection } = exchange;
        if (ours.length === 0) continue;
        const completions = (pdus: readonly Uint8Array[]) => only(pdus, PDU.capsuleResp);
        assert.equal(completions(ours), completions(theirs), `frame ${frame}`);
        const asked = (pdus: readonly Uint8Array[]) => only(pdus, PDU.r2t).map(withoutTag);
        assert.equal(asked(ours), asked(theirs), `frame ${frame}`);
        if (judgeStructure(exchange, admins.has(connection))) structures++;
        else assert.equal(dataOf(ours), dataOf(theirs), `frame ${frame}`);
      }
      assert.ok(structures > 5);
      for (const { loose } of plays.values()) assert.equal(loose.ours, loose.theirs, 'ICResp');
    });
  }
});

function isAdminConnect({ sqe }: Exchange): boolean {
  const isFabrics = SQE.get.opcode(sqe, 0) === 0x7f && sqe[SQE.size] === 1;
  return isFabrics && nvme.Connect.get.qid(sqe, CDW) === 0;
}
