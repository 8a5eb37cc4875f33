// NBD URIs (doc/uri.md of the NBD project): nbd://host[:port]/name and nbd+unix:///name?socket=path.

export interface NbdUri {
  readonly name: string;
  readonly place: { readonly host: string; readonly port: number } | { readonly path: string };
}

export const NBD_PORT = 10809;

/** @throws RangeError saying what was expected */
export function parseNbdUri(text: string): NbdUri {
  const refuse = (why: string): never => {
    throw new RangeError(`'${text}': ${why}`);
  };
  if (/^nbds/.test(text)) refuse('wireverbs has no TLS');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuse('expected nbd://host[:port]/name or nbd+unix:///name?socket=path');
  }
  const name = decodeURIComponent(url.pathname.replace(/^\//, ''));
  if (url.protocol === 'nbd:') {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost';
    return { name, place: { host, port: url.port === '' ? NBD_PORT : Number(url.port) } };
  }
  const path = url.searchParams.get('socket');
  if (url.protocol !== 'nbd+unix:') refuse('expected nbd:// or nbd+unix://');
  if (!path) return refuse('expected ?socket=path');
  return { name, place: { path } };
}

/** As people write it. */
export const placeOf = ({ place }: NbdUri): string =>
  'path' in place ? place.path : `${place.host}:${place.port}`;
