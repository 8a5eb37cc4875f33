// How printed text is coloured. What is printed never depends on it: colours only repeat what the text says.

/** Paints a piece of text by what it is. */
export interface Style {
  /** Heading of a layer. */
  layer(text: string): string;
  /** Field number `index` of its layer: bytes, name and value get the same colour. */
  field(index: number, text: string): string;
  /** Offsets, reserved fields, remarks. */
  dim(text: string): string;
  /** Something that is wrong. */
  bad(text: string): string;
  /** Something that was verified. */
  good(text: string): string;
}

const same = (text: string) => text;

/** No colours: for pipes, files and NO_COLOR. */
export const plain: Style = {
  layer: same,
  field: (_, text) => text,
  dim: same,
  bad: same,
  good: same,
};
