// Numbers of the NBD protocol description (doc/proto.md of the NBD project) with the names it gives them,
// without their NBD_ prefixes.

/** First eight bytes of every server, as text. */
export const INIT_PASSWD = 'NBDMAGIC';
/** Next eight bytes of a newstyle server, and first eight of every option. */
export const OPTION_MAGIC = 'IHAVEOPT';
/** Next eight bytes of an oldstyle server. */
export const OLDSTYLE_MAGIC = 0x0000_4202_8186_1253n;
export const OPTION_REPLY_MAGIC = 0x0003_e889_0455_65a9n;
export const REQUEST_MAGIC = 0x25609513;
export const EXTENDED_REQUEST_MAGIC = 0x21e41c71;
export const SIMPLE_REPLY_MAGIC = 0x67446698;
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;
export const EXTENDED_REPLY_MAGIC = 0x6e8a278c;

/** Names of options of the handshake (NBD protocol, "Option types"). */
export const nbdOptions = {
  1: 'EXPORT_NAME',
  2: 'ABORT',
  3: 'LIST',
  4: 'PEEK_EXPORT',
  5: 'STARTTLS',
  6: 'INFO',
  7: 'GO',
  8: 'STRUCTURED_REPLY',
  9: 'LIST_META_CONTEXT',
  10: 'SET_META_CONTEXT',
  11: 'EXTENDED_HEADERS',
} as const;

/** Replies with the highest bit set refuse an option; their data is a message for people. */
export const nbdOptionReplies = {
  1: 'ACK',
  2: 'SERVER',
  3: 'INFO',
  4: 'META_CONTEXT',
  2147483649: 'ERR_UNSUP',
  2147483650: 'ERR_POLICY',
  2147483651: 'ERR_INVALID',
  2147483652: 'ERR_PLATFORM',
  2147483653: 'ERR_TLS_REQD',
  2147483654: 'ERR_UNKNOWN',
  2147483655: 'ERR_SHUTDOWN',
  2147483656: 'ERR_BLOCK_SIZE_REQD',
  2147483657: 'ERR_TOO_BIG',
  2147483658: 'ERR_EXT_HEADER_REQD',
} as const;

export const FIRST_ERROR_REPLY = 0x80000000;

/** Names of NBD_OPT_INFO's and NBD_OPT_GO's pieces of information (NBD protocol, "Option reply types"). */
export const nbdInfos = { 0: 'EXPORT', 1: 'NAME', 2: 'DESCRIPTION', 3: 'BLOCK_SIZE' } as const;

/** Names of requests (NBD protocol, "Request types"). */
export const nbdCommands = {
  0: 'READ',
  1: 'WRITE',
  2: 'DISC',
  3: 'FLUSH',
  4: 'TRIM',
  5: 'CACHE',
  6: 'WRITE_ZEROES',
  7: 'BLOCK_STATUS',
  8: 'RESIZE',
} as const;

/** Names of structured replies' chunks (NBD protocol, "Structured reply chunk message"). */
export const nbdChunkTypes = {
  0: 'NONE',
  1: 'OFFSET_DATA',
  2: 'OFFSET_HOLE',
  5: 'BLOCK_STATUS',
  6: 'BLOCK_STATUS_EXT',
  32769: 'ERROR',
  32770: 'ERROR_OFFSET',
} as const;

/** Names of error values (NBD protocol, "Error values"). */
export const nbdErrors = {
  0: 'OK',
  1: 'EPERM',
  5: 'EIO',
  12: 'ENOMEM',
  22: 'EINVAL',
  28: 'ENOSPC',
  75: 'EOVERFLOW',
  95: 'ENOTSUP',
  108: 'ESHUTDOWN',
} as const;
