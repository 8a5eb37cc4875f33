// Errors about a part of a combination's text, so that they can be told with its line.

/** Something cannot be; where in the combination's text. */
export class PlaceError extends RangeError {
  override readonly name = 'PlaceError';

  constructor(
    readonly path: readonly (string | number)[],
    words: string,
  ) {
    super(words);
  }
}

/** Runs `body`; what it finds wrong is at `path`. @throws PlaceError */
export function at<T>(path: readonly (string | number)[], body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof RangeError) || error instanceof PlaceError) throw error;
    throw new PlaceError(path, error.message);
  }
}
