// Golden frames of NBD: what the captured conversations do not have.

import { ETH, IPV4, row } from './built-common.js';
import type { Built } from './recipe.js';

const NBD_C = `${ETH}/${IPV4}/tcp(srcPort=49152,dstPort=10809,seq=1,ack=2,ackFlag=1,psh=1,window=502)`;
const NBD_S = `${ETH}/${IPV4}/tcp(srcPort=10809,dstPort=49152,seq=1,ack=2,ackFlag=1,psh=1,window=502)`;
export const nbd: Built[] = [
  row(
    'nbd-opt-go',
    'NBD: GO for an export, asking for block sizes',
    `${NBD_C}/nbd-opt(option=7)/nbd-string(text="disk")/nbd-info-count/nbd-info-request(type=3)`,
  ),
  row(
    'nbd-opt-reply-block-size',
    'NBD: block sizes of an export',
    `${NBD_S}/nbd-opt-reply(option=7)/nbd-info-block-size(minimum=512,preferred=4096,maximum=33554432)`,
  ),
  row(
    'nbd-opt-reply-error',
    'NBD: an option refused with a message',
    `${NBD_S}/nbd-opt-reply(option=7,type=0x80000006)/nbd-text(text="no")`,
  ),
  row(
    'nbd-chunk-hole',
    'NBD: a hole in a structured reply',
    `${NBD_S}/nbd-chunk(done=1,cookie=0x1122334455667788)/nbd-offset-hole(offset=4096,size=512)`,
  ),
  row(
    'nbd-chunk-error',
    'NBD: an error in a structured reply',
    `${NBD_S}/nbd-chunk(done=1,cookie=0x1122334455667788)/nbd-error(error=5)/nbd-text(text="no")`,
  ),
  row(
    'nbd-chunk-error-offset',
    'NBD: an error at an offset',
    `${NBD_S}/nbd-chunk(done=1,type=0x8002,cookie=0x1122334455667788)/nbd-error(error=5)/nbd-text(text="no")/nbd-error-offset(offset=4096)`,
  ),
  row(
    'nbd-request-write',
    'NBD: WRITE with its data',
    `${NBD_C}/nbd-request(type=1,fua=1,cookie=0x1122334455667788,offset=4096)/"sixteen of bytes"`,
  ),
  row(
    'nbd-request-ext-block-status',
    'NBD: extended BLOCK_STATUS of one context',
    `${NBD_C}/nbd-request-ext(type=7,payloadLen=1,cookie=0x1122334455667788,offset=4096)/nbd-context-choice(effectLength=65536)/nbd-context-id(contextId=1)`,
  ),
  row(
    'nbd-chunk-ext-block-status',
    'NBD: extended BLOCK_STATUS reply',
    `${NBD_S}/nbd-chunk-ext(done=1,cookie=0x1122334455667788,offset=4096)/nbd-block-status-ext(contextId=1)/nbd-extent-ext(length=65536,status=3)`,
  ),
];
