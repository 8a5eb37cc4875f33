// buffer-layout 1.2 has no types of its own; these are the parts that layout.ts uses.
declare module 'buffer-layout' {
  export class Layout {
    constructor(span: number, property?: string);
    readonly span: number;
    readonly property: string | undefined;
    decode(b: Uint8Array, offset?: number): unknown;
    encode(source: unknown, b: Uint8Array, offset?: number): number;
  }
  export class UInt extends Layout {}
  export class UIntBE extends Layout {}
  export class BitStructure extends Layout {
    addField(bits: number, property: string): unknown;
  }
  export function bits(word: Layout, msb: boolean, property?: string): BitStructure;
  export function blob(length: number, property?: string): Layout;
  export function struct(fields: readonly Layout[], property?: string): Layout;
}
