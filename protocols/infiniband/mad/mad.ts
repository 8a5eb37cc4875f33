// The common header of management datagrams (IBA 13.4.3), in its two forms: for directed-route subnet
// management the class-specific bytes are part of the routing (IBA 14.2.1.2), so it is a header of its own.

import { follower, keyOf } from '../../core/bind.js';
import { flag, reserved, uint, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import type { Layer } from '../../core/layer.js';
import { outer } from '../../core/layer.js';
import { padding } from '../../core/payload.js';
import {
  type Completion,
  type Derivation,
  type Protocol,
  protocol,
  type Report,
  type Scene,
} from '../../core/protocol.js';
import type { Walk } from '../../core/walk.js';
import {
  BASE_VERSION,
  CLASS_COM_MGT,
  CLASS_SUBN_DIRECTED_ROUTE,
  classNames,
  commonAttributes,
  MAD_SIZE,
  METHOD_SEND,
  madClasses,
  methodNames,
  saStatusNames,
  statusNames,
} from './names.js';
import { madData, madRest } from './rest.js';

const first = [
  uint(8, 'baseVersion', 'of the MAD format, always 1', {
    format: 'hex',
    alias: 'infiniband.mad.baseversion',
  }),
  uint(8, 'mgmtClass', 'management class', {
    format: 'hex',
    names: classNames,
    alias: 'infiniband.mad.mgmtclass',
  }),
  uint(8, 'classVersion', 'version of the class', {
    format: 'hex',
    alias: 'infiniband.mad.classversion',
  }),
  uint(8, 'method', 'what is asked for; responses have the highest bit', {
    format: 'hex',
    names: methodNames,
    alias: 'infiniband.mad.method',
  }),
] as const;

const last = [
  uint(64, 'transactionId', 'matches responses and segments to requests', {
    format: 'hex',
    alias: 'infiniband.mad.transactionid',
  }),
  uint(16, 'attributeId', 'what the method works on; the numbers differ from class to class', {
    format: 'hex',
    names: commonAttributes,
    alias: 'infiniband.mad.attributeid',
  }),
  reserved(16),
  uint(32, 'attributeModifier', 'which one of the attribute, such as a port or a block', {
    format: 'hex',
    alias: 'infiniband.mad.attributemodifier',
  }),
] as const;

const options = { family: 'mad', section: 'IBA 13.4.3' };

export const MAD = header(
  'MAD',
  [
    ...first,
    uint(16, 'status', 'of a response: general codes, class-specific ones in the high byte', {
      format: 'hex',
      names: statusNames,
      alias: 'infiniband.mad.status',
    }),
    uint(16, 'classSpecific', 'reserved but in directed-route subnet management', {
      format: 'hex',
      alias: 'infiniband.mad.classspecific',
    }),
    ...last,
  ],
  { ...options, title: 'Management datagram, common header' },
);

export const MADDR = header(
  'MAD-DR',
  [
    ...first,
    word(
      // No alias: tshark 4.0 shows it as 0 whatever it is.
      flag('d', 'direction: 0 outbound to the destination, 1 on the way back'),
      uint(15, 'status', 'of a response', { format: 'hex', names: statusNames }),
    ),
    uint(8, 'hopPointer', 'the hop of the path at which it is', {
      alias: 'infiniband.smpdirected.hoppointer',
    }),
    uint(8, 'hopCount', 'directed hops of the path', {
      alias: 'infiniband.smpdirected.hopcount',
    }),
    ...last,
  ],
  { ...options, section: 'IBA 14.2.1.2', title: 'Management datagram, directed-route header' },
);

/** Directed hops that a path has room for. */
export const MAX_HOPS = 63;

/** The common header in front of layer `index`; -1 where there is none. */
export const madOf = (layers: readonly Layer[], index: number): number =>
  outer(layers, index, 'mad', 'mad-dr');

/** Which attribute the MAD that is being read carries; `madData` where it is not known. */
export function attributeOf(walk: Walk): Protocol {
  const mad = walk.layers[madOf(walk.layers, walk.layers.length)];
  if (!mad) return madData;
  const space = madClasses.get(MAD.get.mgmtClass(walk.bytes, mad.at))?.space;
  const id = MAD.get.attributeId(walk.bytes, mad.at);
  return (space !== undefined && walk.next(space, id)) || madData;
}

/** Reads either form: the two agree on where class and attribute lie. */
function read(walk: Walk, form: Protocol): Protocol | null {
  const at = walk.take(form);
  if (at < 0) return null;
  const { bytes } = walk;
  if (MAD.get.baseVersion(bytes, at) === BASE_VERSION) {
    walk.limit(at + MAD_SIZE, 'mad.size', '');
  }
  return walk.next('mad-class', MAD.get.mgmtClass(bytes, at)) ?? attributeOf(walk);
}

/** A class is named by its own header, or, having none, by its message (connection management). */
const mgmtClass: Derivation = {
  kind: 'type',
  value(scene, index) {
    const next = scene.layers[follower(scene, index)]?.protocol;
    if (!next) return undefined;
    const own = keyOf(scene.bindings, 'mad-class', next);
    if (own !== undefined) return own;
    return keyOf(scene.bindings, 'cm-attribute', next) === undefined ? undefined : CLASS_COM_MGT;
  },
};

/** The attribute stands behind the class's own headers. */
const attributeId: Derivation = {
  kind: 'type',
  value(scene, index) {
    const known = classOf(scene, index);
    if (!known) return undefined;
    const { layers, bindings } = scene;
    for (let i = index + 1; i < layers.length && layers[i]!.at < layers[index]!.bodyEnd; i++) {
      const key = keyOf(bindings, known.space, layers[i]!.protocol);
      if (key !== undefined) return key;
    }
    return undefined;
  },
};

/** The class by what stands behind, or else by the number that was given. */
function classOf(scene: Scene, index: number) {
  const layer = scene.layers[index]!;
  const derived = layer.protocol.derive.mgmtClass?.value(scene, index);
  return madClasses.get(derived === undefined ? layer.number('mgmtClass') : (derived as number));
}

const derive: Readonly<Record<string, Derivation>> = {
  baseVersion: { kind: 'type', value: () => BASE_VERSION },
  mgmtClass,
  classVersion: { kind: 'type', value: (scene, index) => classOf(scene, index)?.version },
  attributeId,
};

/** Builders fill every MAD up to its 256 bytes. */
const fill = (size: number): Completion => ({
  protocol: madRest,
  size: (_owner, body) => Math.max(0, MAD_SIZE - size - body),
});

/** Shorter ones are malformed already. */
function verify(scene: Scene, index: number, report: Report): void {
  const behind = scene.layers.find((l) => l.owner === index && l.protocol === padding);
  if (behind) report('', `${behind.end - behind.at} bytes behind the ${MAD_SIZE} of a MAD`);
  const layer = scene.layers[index]!;
  const base = layer.number('baseVersion');
  if (base !== BASE_VERSION) report('baseVersion', `is ${base}, MADs have version ${BASE_VERSION}`);
  const known = madClasses.get(layer.number('mgmtClass'));
  const version = layer.number('classVersion');
  if (known && version !== known.version && base === BASE_VERSION) {
    report('classVersion', `is ${version}, the class has version ${known.version}`);
  }
}

/** A path has a place for each hop but the first, which is the sender itself (IBA 14.2.1.2). */
function verifyDirected(scene: Scene, index: number, report: Report): void {
  verify(scene, index, report);
  const hops = scene.layers[index]!.number('hopCount');
  if (hops > MAX_HOPS) report('hopCount', `is ${hops}, a path has at most ${MAX_HOPS}`);
}

/** `SubnGet(NodeInfo)`, `CM: ConnectRequest`. */
function info(layer: Layer): string {
  const number = layer.number('mgmtClass');
  const id = layer.number('attributeId');
  const known = madClasses.get(number);
  if (!known) return `MAD class 0x${number.toString(16)} attribute 0x${id.toString(16)}`;
  const attribute = known.attributes[id] ?? `0x${id.toString(16).padStart(4, '0')}`;
  if (number === CLASS_COM_MGT && layer.number('method') === METHOD_SEND) {
    return `${known.prefix}${attribute}`;
  }
  const status = layer.number('status');
  const failure = status === 0 ? '' : ` ${nameOfStatus(number, status)}`;
  return `${known.prefix}${methodWord(layer.number('method'))}(${attribute})${failure}`;
}

function nameOfStatus(mgmt: number, status: number): string {
  const names: Readonly<Record<number, string>> = statusNames;
  const own = madClasses.get(mgmt)?.space === 'sa-attribute' ? saStatusNames : {};
  return names[status] ?? own[status] ?? `status 0x${status.toString(16)}`;
}

/** GET_TABLE_RESP as people know it: GetTableResp. */
function methodWord(method: number): string {
  const name = (methodNames as Readonly<Record<number, string>>)[method];
  if (name === undefined) return `Method0x${method.toString(16)}`;
  return name
    .split('_')
    .map((part) => part[0] + part.slice(1).toLowerCase())
    .join('');
}

export const mad = protocol(MAD, {
  read(walk): Protocol | null {
    const directed =
      walk.left >= MAD.size && MAD.get.mgmtClass(walk.bytes, walk.at) === CLASS_SUBN_DIRECTED_ROUTE;
    return read(walk, directed ? madDr : mad);
  },
  // Connection management knows one method; of other classes the layers do not tell it.
  derive: {
    ...derive,
    method: {
      kind: 'type',
      value: (scene, index) =>
        mgmtClass.value(scene, index) === CLASS_COM_MGT ? METHOD_SEND : undefined,
    },
  },
  trailers: [fill(MAD.size)],
  verify,
  label: ({ layers }, i) => (layers[i]!.number('mgmtClass') === CLASS_COM_MGT ? 'CM' : 'MAD'),
  info,
});

export const madDr = protocol(MADDR, {
  read: (walk): Protocol | null => read(walk, madDr),
  derive: { ...derive, mgmtClass: { kind: 'type', value: () => CLASS_SUBN_DIRECTED_ROUTE } },
  trailers: [fill(MADDR.size)],
  verify: verifyDirected,
  info,
  label: 'MAD',
});
