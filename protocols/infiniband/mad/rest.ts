// What fills a MAD up: bytes that nobody uses, and bytes whose attribute is not dissected.

import { rest } from '../../core/field.js';
import { header } from '../../core/header.js';
import { protocol, type TypedProtocol } from '../../core/protocol.js';
import type { Walk } from '../../core/walk.js';

export const MADRest = header('MADRest', [rest('data', 'unused, sent as zero')], {
  key: 'mad-rest',
  family: 'mad',
  title: 'Unused bytes behind an attribute',
  section: 'IBA 13.4.2',
});

/** Behind the attribute, up to the end of the room that its class gives it. */
export const madRest = protocol(MADRest, { trailer: true, label: 'MAD' });

export const MADData = header('MADData', [rest('data', 'of a class or attribute not dissected')], {
  key: 'mad-data',
  family: 'mad',
  title: 'Data of an unknown attribute',
  section: 'IBA 13.4.2',
});

export const madData: TypedProtocol<[ReturnType<typeof rest<'data'>>]> = protocol(MADData, {
  label: 'MAD',
  read: (walk) => takeAll(walk, madData),
});

/** Takes everything up to the innermost end as one layer of a header that is a single `rest` field. */
export function takeAll(walk: Walk, whole: typeof madData): null {
  if (walk.left > 0) walk.take(whole, walk.left);
  return null;
}

/** Leaves what lies behind the layer taken last to `mad-rest`, inside the layer `owner`. Ends the walk. */
export function leaveRest(walk: Walk, owner: number): null {
  if (walk.left > 0) walk.trailer(madRest, walk.left, owner);
  return null;
}
