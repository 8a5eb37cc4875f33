export {
  NBDBlockStatus,
  NBDBlockStatusExt,
  NBDError,
  NBDErrorOffset,
  NBDExtent,
  NBDExtentExt,
  NBDOffsetData,
  NBDOffsetHole,
  nbdBlockStatus,
  nbdBlockStatusExt,
  nbdError,
  nbdErrorOffset,
  nbdExtent,
  nbdExtentExt,
  nbdOffsetData,
  nbdOffsetHole,
} from './chunk.js';
export {
  nbdChunkTypes,
  nbdCommands,
  nbdErrors,
  nbdInfos,
  nbdOptionReplies,
  nbdOptions,
} from './constant.js';
export * from './handshake.js';
export { NBD_MAX_MESSAGE, NBD_MAX_OPEN_REQUESTS, nbdStream } from './nbd-stream.js';
export {
  NBDInfoCount,
  NBDInfoRequest,
  NBDOption,
  NBDQueryCount,
  nbdInfoCount,
  nbdInfoRequest,
  nbdOption,
  nbdQueryCount,
} from './option.js';
export * from './option-reply.js';
export * from './reply.js';
export {
  NBDContextChoice,
  NBDContextId,
  NBDExtendedRequest,
  NBDRequest,
  nbdContextChoice,
  nbdContextId,
  nbdExtendedRequest,
  nbdRequest,
} from './request.js';
export { NBDString, NBDText, nbdString, nbdText } from './text.js';
