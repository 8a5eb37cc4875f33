// Hardware in a file: the name of a profile, or values of one's own, which take from a named profile what they leave out.

/** A profile by name, or values over a named one. */
export type ProfileText = string | { readonly like?: string; readonly [member: string]: unknown };

type Schema = Readonly<Record<string, unknown>>;

/** The schema of a kind of hardware: names of profiles, or any member that one of them has. */
export function profileSchema(
  description: string,
  profiles: ReadonlyMap<string, object>,
  like: string,
): Schema {
  const names = [...profiles.keys()];
  const { name: _, ...members } = membersOf(
    Object.assign({}, ...profiles.values(), profiles.get(like)),
  );
  return {
    description: `${description}: ${names.join(', ')}; or values over one of them`,
    type: ['string', 'object'],
    additionalProperties: false,
    properties: {
      like: { description: `what is not given is as there; ${like} unless given`, enum: names },
      name: { description: 'what results call it', type: 'string', minLength: 1 },
      ...members,
    },
  };
}

function membersOf(example: object): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(example).map(([member, value]): [string, Schema] => {
      if (Array.isArray(value)) return [member, { type: 'array', items: { type: 'number' } }];
      if (typeof value === 'object' && value !== null)
        return [
          member,
          { type: 'object', additionalProperties: false, properties: membersOf(value) },
        ];
      if (typeof value === 'number') return [member, { type: 'number', minimum: 0 }];
      return [member, { type: typeof value }];
    }),
  );
}

/** The profile that a file means. @throws RangeError for a name that is none */
export function profileOf<T extends { readonly name: string }>(
  profiles: ReadonlyMap<string, T>,
  text: ProfileText | undefined,
  usual: string,
): T {
  if (typeof text === 'object') {
    const { like = usual, ...own } = text;
    const base = named(profiles, like);
    return { ...merged(base, { name: `${base.name}, changed`, ...own }) };
  }
  return named(profiles, text ?? usual);
}

function named<T>(profiles: ReadonlyMap<string, T>, name: string): T {
  const found = profiles.get(name);
  if (found === undefined)
    throw new RangeError(`there is no '${name}'; there are ${[...profiles.keys()].join(', ')}`);
  return found;
}

function merged<T extends object>(base: T, own: Readonly<Record<string, unknown>>): T {
  const result: Record<string, unknown> = { ...(base as Record<string, unknown>) };
  for (const [member, value] of Object.entries(own)) {
    const before = result[member];
    const isNested = isRecord(before) && isRecord(value);
    result[member] = isNested ? merged(before, value as Record<string, unknown>) : value;
  }
  return result as T;
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
