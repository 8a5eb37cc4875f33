// How many requests a server has answered, and of how many bytes.

/** What a server counts, over all of its connections. */
export class ServerCounts {
  connections = 0;
  reads = 0;
  writes = 0;
  flushes = 0;
  others = 0;
  errors = 0;
  bytesRead = 0;
  bytesWritten = 0;
}
