// What this folder adds to the registry.

import type { Protocol } from '../core/protocol.js';
import {
  nbdBlockStatus,
  nbdBlockStatusExt,
  nbdError,
  nbdErrorOffset,
  nbdExtent,
  nbdExtentExt,
  nbdOffsetData,
  nbdOffsetHole,
} from './chunk.js';
import { nbdClientFlags, nbdExport, nbdGreeting, nbdOldstyle, nbdZeroes } from './handshake.js';
import { nbdInfoCount, nbdInfoRequest, nbdOption, nbdQueryCount } from './option.js';
import {
  nbdInfoBlockSize,
  nbdInfoExport,
  nbdInfoText,
  nbdMetaContext,
  nbdOptionReply,
} from './option-reply.js';
import { nbdChunk, nbdExtendedChunk, nbdReply } from './reply.js';
import { nbdContextChoice, nbdContextId, nbdExtendedRequest, nbdRequest } from './request.js';
import { nbdString, nbdText } from './text.js';

export const nbdProtocols: readonly Protocol[] = [
  nbdGreeting,
  nbdOldstyle,
  nbdClientFlags,
  nbdOption,
  nbdString,
  nbdText,
  nbdInfoCount,
  nbdInfoRequest,
  nbdQueryCount,
  nbdOptionReply,
  nbdInfoExport,
  nbdInfoBlockSize,
  nbdInfoText,
  nbdMetaContext,
  nbdExport,
  nbdZeroes,
  nbdRequest,
  nbdExtendedRequest,
  nbdContextChoice,
  nbdContextId,
  nbdReply,
  nbdChunk,
  nbdExtendedChunk,
  nbdOffsetData,
  nbdOffsetHole,
  nbdBlockStatus,
  nbdExtent,
  nbdBlockStatusExt,
  nbdExtentExt,
  nbdError,
  nbdErrorOffset,
];
