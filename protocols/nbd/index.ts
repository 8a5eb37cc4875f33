export {
  NBDBlockStatus as BlockStatus,
  NBDBlockStatusExt as BlockStatusExt,
  NBDError as Error,
  NBDErrorOffset as ErrorOffset,
  NBDExtent as Extent,
  NBDExtentExt as ExtentExt,
  NBDOffsetData as OffsetData,
  NBDOffsetHole as OffsetHole,
  nbdBlockStatus as blockStatus,
  nbdBlockStatusExt as blockStatusExt,
  nbdError as error,
  nbdErrorOffset as errorOffset,
  nbdExtent as extent,
  nbdExtentExt as extentExt,
  nbdOffsetData as offsetData,
  nbdOffsetHole as offsetHole,
} from './chunk.js';
export {
  nbdChunkTypes as chunkTypes,
  nbdCommands as commands,
  nbdErrors as errors,
  nbdInfos as infos,
  nbdOptionReplies as optionReplies,
  nbdOptions as options,
} from './constant.js';
export {
  NBDClientFlags as ClientFlags,
  NBDExport as Export,
  NBDGreeting as Greeting,
  NBDOldstyle as Oldstyle,
  NBDZeroes as Zeroes,
  nbdClientFlags as clientFlags,
  nbdExport as export,
  nbdGreeting as greeting,
  nbdOldstyle as oldstyle,
  nbdZeroes as zeroes,
} from './handshake.js';
export { nbdStream as stream } from './nbd-stream.js';
export {
  NBDInfoCount as InfoCount,
  NBDInfoRequest as InfoRequest,
  NBDOption as Option,
  NBDQueryCount as QueryCount,
  nbdInfoCount as infoCount,
  nbdInfoRequest as infoRequest,
  nbdOption as option,
  nbdQueryCount as queryCount,
} from './option.js';
export {
  NBDInfoBlockSize as InfoBlockSize,
  NBDInfoExport as InfoExport,
  NBDInfoText as InfoText,
  NBDMetaContext as MetaContext,
  NBDOptionReply as OptionReply,
  nbdInfoBlockSize as infoBlockSize,
  nbdInfoExport as infoExport,
  nbdInfoText as infoText,
  nbdMetaContext as metaContext,
  nbdOptionReply as optionReply,
} from './option-reply.js';
export {
  NBDChunk as Chunk,
  NBDExtendedChunk as ExtendedChunk,
  NBDSimpleReply as SimpleReply,
  nbdChunk as chunk,
  nbdExtendedChunk as extendedChunk,
  nbdReply as reply,
} from './reply.js';
export {
  NBDContextChoice as ContextChoice,
  NBDContextId as ContextId,
  NBDExtendedRequest as ExtendedRequest,
  NBDRequest as Request,
  nbdContextChoice as contextChoice,
  nbdContextId as contextId,
  nbdExtendedRequest as extendedRequest,
  nbdRequest as request,
} from './request.js';
export {
  NBDString as String,
  NBDText as Text,
  nbdString as string,
  nbdText as text,
} from './text.js';
