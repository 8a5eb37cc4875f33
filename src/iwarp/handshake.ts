// What a start-up frame of the peer comes to: a request that rdma_cm is told of, or a reply and what was agreed on.

import { ERRNO, type Link, type Links, NOTHING } from './links.js';
import type { IwarpOptions } from './options.js';
import { settingsOf } from './settings.js';
import { MOST_DEPTH, rejectionOf, rtrOf, type Startup, writeStartup } from './startup.js';
import type { Stream } from './stream.js';
import { end, refuseReply } from './terminate.js';

/** The passive side got a request; `isHeard`: somebody listens for it. */
export function requested(
  links: Links,
  options: IwarpOptions,
  link: Link,
  request: Startup,
  isHeard: boolean,
): void {
  const { stream } = link;
  const listener = link.listener!;
  if (request.reject || !isHeard || listener.pending >= listener.backlog) {
    links.device.counters.add('iw_request_dropped');
    writeFrame(stream, rejectionOf(request, NOTHING), true);
    end(stream, '');
    return;
  }
  stream.crc = request.crc || options.crc;
  stream.marksOut = request.markers;
  stream.marksIn = options.markers;
  stream.rtr = request.enhanced ? rtrOf(request.enhanced) : 'none';
  stream.phase = 'ready';
  listener.pending++;
  link.state = 'REQ_RCVD';
  const most = options.mostReads;
  const depth = request.enhanced ?? { ird: most, ord: most };
  const settings = settingsOf(stream, Math.min(depth.ird, most), Math.min(depth.ord, most));
  links.tell({
    type: 'RDMA_CM_EVENT_CONNECT_REQUEST',
    connection: link,
    status: 0,
    privateData: request.privateData,
    listener,
    responderResources: settings.maxDestRdAtomic,
    initiatorDepth: settings.maxRdAtomic,
    settings,
  });
}

/** The active side got a reply. */
export function replied(links: Links, options: IwarpOptions, link: Link, reply: Startup): void {
  const { stream, asks } = link;
  if (reply.reject) return rejected(links, link, reply);
  // A reply of another kind than the request (siw: ECONNRESET).
  const isEnhanced = reply.enhanced !== null;
  if (isEnhanced !== (options.revision === 2)) return links.fail(link, ERRNO.ECONNRESET);
  stream.crc = reply.crc || options.crc;
  stream.marksOut = reply.markers;
  stream.marksIn = options.markers;
  stream.rtr = reply.enhanced && options.rtr !== 'none' ? rtrOf(reply.enhanced) : 'none';
  // RFC 6581 9.1 and 9.2: more READs than can be served, or no RTR message that was offered.
  const wanted = reply.enhanced?.ord ?? 0;
  const error = unacceptable(stream, options, isEnhanced, wanted);
  if (error !== '') {
    refuseReply(stream, error);
    return links.fail(link, error === 'no-rtr' ? ERRNO.EPROTO : ERRNO.ENOMEM);
  }
  stream.phase = 'ready';
  link.state = 'REP_RCVD';
  const serves = Math.max(asks.ird, wanted === MOST_DEPTH ? 0 : wanted);
  const settings = settingsOf(stream, Math.min(asks.ord, reply.enhanced?.ird ?? asks.ord), serves);
  links.tell({
    type: 'RDMA_CM_EVENT_CONNECT_RESPONSE',
    connection: link,
    status: 0,
    privateData: reply.privateData,
    responderResources: settings.maxDestRdAtomic,
    initiatorDepth: settings.maxRdAtomic,
    settings,
  });
}

function unacceptable(
  { rtr }: Stream,
  options: IwarpOptions,
  isEnhanced: boolean,
  wanted: number,
): 'insufficient-ird' | 'no-rtr' | '' {
  if (wanted !== MOST_DEPTH && wanted > options.mostReads) return 'insufficient-ird';
  return isEnhanced && rtr !== options.rtr ? 'no-rtr' : '';
}

function rejected(links: Links, link: Link, { privateData }: Startup): void {
  link.state = 'IDLE';
  link.isDown = true;
  end(link.stream, '');
  const status = -ERRNO.ECONNREFUSED;
  links.tell({ type: 'RDMA_CM_EVENT_REJECTED', connection: link, status, privateData });
}

export function writeFrame(s: Stream, frame: Startup, isReply: boolean): void {
  s.commitStartup(writeStartup(frame, isReply, s.source.bytes, s.source.at));
}
