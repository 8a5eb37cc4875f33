// What a socket call says when it answers -1, by errno's names.

import type { TcpError } from '../tcp/index.js';

export type SocketError =
  | TcpError
  | 'EAGAIN'
  | 'EINPROGRESS'
  | 'EINVAL'
  | 'EISCONN'
  | 'ENOTCONN'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'ENOBUFS'
  | 'ENOMEM'
  | 'EFAULT'
  | 'EBADF';

/** send(2), recv(2): bits as Linux has them. */
export const MSG_OOB = 0x1;
export const MSG_PEEK = 0x2;
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITALL = 0x100;
export const MSG_MORE = 0x8000;
export const MSG_ZEROCOPY = 0x4000000;

export const has = (flags: number, flag: number): boolean => Math.floor(flags / flag) % 2 === 1;
