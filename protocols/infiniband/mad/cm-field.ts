// Fields that several messages of connection management have, with the names that tshark has for them.

import { ipv6Address, uint } from '../../core/field.js';
import { TIMEOUT_UNIT } from './names.js';

/** An alias is only given where tshark dissects the message. */
const aliased = (alias: string | undefined) =>
  alias === undefined ? {} : { alias: `infiniband.cm.${alias}` };

const hex = { format: 'hex' } as const;

export const localCommId = (alias?: string) =>
  uint(32, 'localCommId', "sender's identifier of the connection", { ...hex, ...aliased(alias) });

export const remoteCommId = (alias?: string) =>
  uint(32, 'remoteCommId', "receiver's identifier of the connection", {
    ...hex,
    ...aliased(alias),
  });

export const qpn = <N extends string>(name: N, doc: string, alias?: string) =>
  uint(24, name, doc, { ...hex, ...aliased(alias) });

export const psn = (alias: string) =>
  uint(24, 'startingPsn', 'the first that the sender of this message expects to receive', {
    ...aliased(alias),
  });

export const timeout = <N extends string>(name: N, doc: string, alias?: string) =>
  uint(5, name, doc, { unit: TIMEOUT_UNIT, ...aliased(alias) });

export const hexField = <B extends number, N extends string>(
  bits: B,
  name: N,
  doc: string,
  alias?: string,
) => uint(bits, name, doc, { ...hex, ...aliased(alias) });

export const number = <B extends number, N extends string>(
  bits: B,
  name: N,
  doc: string,
  alias?: string,
) => uint(bits, name, doc, aliased(alias));

export const gid = <N extends string>(name: N, doc: string, alias?: string) =>
  ipv6Address(name, doc, aliased(alias));

export const guid = <N extends string>(name: N, doc: string, alias?: string) =>
  uint(64, name, doc, { format: 'eui64', ...aliased(alias) });
