// A YAML or JSON file that follows a schema. Whatever is wrong with it is said with file, line and column: JSON is read as
// the YAML that it is, so that both have places.

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { isNode, LineCounter, parseDocument, type Document as YamlDocument } from 'yaml';

/** Members and indices from the top of a document to a place in it. */
export type DocumentPath = readonly (string | number)[];

/** Something is wrong with the text of a file. */
export class DocumentError extends RangeError {
  override readonly name = 'DocumentError';
}

/** A file whose text was read and found to follow its schema. */
export class SchemaDocument<T> {
  readonly value: T;
  readonly #name: string;
  readonly #placeOf: (path: DocumentPath) => string;

  /** `placeOf` gives line and column of the value at a path. */
  constructor(name: string, value: T, placeOf: (path: DocumentPath) => string) {
    this.#name = name;
    this.#placeOf = placeOf;
    this.value = value;
  }

  /** An error about the value at `path`, with its place. */
  error(path: DocumentPath, words: string): DocumentError {
    return new DocumentError(`${this.#name}:${this.#placeOf(path)}: ${titleOf(path)}${words}`);
  }

  /** Runs `body`; what it finds wrong is at `path`. @throws DocumentError */
  at<R>(path: DocumentPath, body: () => R): R {
    try {
      return body();
    } catch (error) {
      if (error instanceof RangeError && !(error instanceof DocumentError))
        throw this.error(path, error.message);
      throw error;
    }
  }
}

const ajv = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true });
const compiled = new WeakMap<object, ValidateFunction>();

/** Reads `text`. @throws DocumentError that says what is wrong, where, and what was expected */
export function readDocument<T>(name: string, text: string, schema: object): SchemaDocument<T> {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  const broken = yaml.errors[0];
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new DocumentError(`${name}:${line}:${col}: ${broken.message}`);
  }
  const value: unknown = yaml.toJS({ maxAliasCount: 100 });
  const complaint = complaintOf(value, schema);
  if (complaint) {
    const [path, words] = complaint;
    throw new DocumentError(`${name}:${placeOf(yaml, lines, path)}: ${titleOf(path)}${words}`);
  }
  return new SchemaDocument(name, value as T, (path) => placeOf(yaml, lines, path));
}

/** Where and how a value does not follow a schema; undefined when it does. */
export function complaintOf(
  value: unknown,
  schema: object,
): readonly [path: DocumentPath, words: string] | undefined {
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  return validate(value) ? undefined : explained(worst(validate.errors ?? []));
}

/** 'workloads[0].size: ' */
export function titleOf(path: DocumentPath): string {
  if (path.length === 0) return '';
  const text = path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('');
  return `${text}: `;
}

/** Line and column of the value at `path`, or of what of it is there. */
function placeOf(yaml: YamlDocument, lines: LineCounter, path: DocumentPath): string {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? yaml.contents : yaml.getIn(path.slice(0, length), true);
    if (!isNode(node) || !node.range) continue;
    const { line, col } = lines.linePos(node.range[0]);
    return `${line}:${col}`;
  }
  return '1:1';
}

/** The most telling error: the deepest, of those 'one of these' before what one of them lacks, then the first. */
function worst(errors: readonly ErrorObject[]): ErrorObject {
  const depth = ({ instancePath, keyword }: ErrorObject) =>
    instancePath.split('/').length + (keyword === 'oneOf' ? 0.5 : 0);
  return [...errors].sort((a, b) => depth(b) - depth(a))[0]!;
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

function explained(error: ErrorObject): readonly [DocumentPath, string] {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const { params, data } = error;
  switch (error.keyword) {
    case 'required':
      return [path, `'${params.missingProperty}' is missing`];
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema as { properties?: object })?.properties ?? {});
      const name = String(params.additionalProperty);
      return [[...path, name], `there is no such member; expected ${known.join(', ')}`];
    }
    case 'type':
      return [path, `expected ${[params.type].flat().join(' or ')}, found ${shown(data)}`];
    case 'enum':
      return [path, `expected ${params.allowedValues.join(', ')}; found ${shown(data)}`];
    case 'pattern': {
      const { description = `text like ${params.pattern}` } = error.parentSchema as {
        description?: string;
      };
      return [path, `expected ${description}, found ${shown(data)}`];
    }
    case 'minProperties':
    case 'maxProperties': {
      const known = Object.keys((error.parentSchema as { properties?: object })?.properties ?? {});
      const one = known.length > 0 ? `expected one of ${known.join(', ')}` : error.message;
      return [path, `${one}, found ${shown(data)}`];
    }
    case 'oneOf': {
      const { oneOf } = error.parentSchema as { oneOf: readonly { required?: string[] }[] };
      const names = oneOf.flatMap(({ required = [] }) => required);
      return [path, `expected one of ${names.join(', ')}, found ${shown(data)}`];
    }
    case 'const':
      return [path, `expected '${params.allowedValue}', found ${shown(data)}`];
    default:
      return [path, `${error.message ?? error.keyword}, found ${shown(data)}`];
  }
}
