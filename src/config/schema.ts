import type { z } from 'zod';

/*
 * Questions to a schema about one place in the data that it describes. A place is a path of keys and list positions.
 */

/** What lies at `path` in `value`; undefined where there is no such place. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inside, key) => (typeof inside === 'object' && inside !== null ? ownValue(inside, key) : undefined),
    value,
  );
}

/** Every object has a `constructor` and a `__proto__` that nobody gave it. */
function ownValue(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;
}

/** Keys that an object at `path` may have; a choice by name (an optimiser, a transform) is looked up in `value`. */
export function keysAt(schema: z.ZodType, value: unknown, path: readonly string[]): string[] {
  const place = schemaAt(schema, value, path);
  const object = place && choose(place, valueAt(value, path));
  return object?.def.type === 'object' ? Object.keys((object as z.ZodObject).shape) : [];
}

/** The schema that the place `path` must meet, without its default; null where nothing may be. */
export function schemaAt(schema: z.ZodType, value: unknown, path: readonly string[]): z.ZodType | null {
  let place: z.ZodType | null = unwrap(schema);
  let inside = value;
  for (const key of path) {
    place = place && step(choose(place, inside), key);
    place &&= unwrap(place);
    inside = valueAt(inside, [key]);
  }
  return place;
}

/** Whether the place takes text and nothing else but null, so that `12` there is two characters. */
export function takesText(schema: z.ZodType): boolean {
  const { type } = unwrap(schema).def;
  return type === 'string' || type === 'enum' || type === 'literal';
}

function step(place: z.ZodType, key: string): z.ZodType | null {
  const { type } = place.def;
  if (type === 'object') return (ownValue((place as z.ZodObject).shape, key) as z.ZodType | undefined) ?? null;
  if (type === 'array') return (place as z.ZodArray<z.ZodType>).element;
  if (type === 'tuple') return ((place as z.ZodTuple).def.items[Number(key)] as z.ZodType | undefined) ?? null;
  if (type === 'record' && key !== '__proto__') return (place as z.ZodRecord).valueType as z.ZodType;
  return null;
}

/** Of a choice by name the variant that `value` names, of a list or an object what `value` is; anything else is itself. */
function choose(place: z.ZodType, value: unknown): z.ZodType {
  const inner = unwrap(place);
  if (inner.def.type !== 'union') return inner;
  const { options, discriminator } = inner.def as z.core.$ZodTypeDef & {
    options: readonly z.ZodType[];
    discriminator?: string;
  };
  if (discriminator === undefined) return ofKind(options, value) ?? inner;
  const name = valueAt(value, [discriminator]);
  const isNamed = (option: z.ZodType) => {
    const place = (option as z.ZodObject).shape[discriminator] as z.ZodType;
    const { values } = (unwrap(place) as z.ZodLiteral).def;
    return name === undefined ? place.def.type === 'default' : (values as readonly unknown[]).includes(name);
  };
  return options.find(isNamed) ?? inner;
}

/** The only variant that is a list, or an object, as `value` is. */
function ofKind(options: readonly z.ZodType[], value: unknown): z.ZodType | undefined {
  const kind = Array.isArray(value) ? 'array' : typeof value;
  const [first, ...others] = options
    .map(unwrap)
    .filter(({ def }) => def.type === kind && (kind === 'array' || kind === 'object'));
  return others.length === 0 ? first : undefined;
}

function unwrap(schema: z.ZodType): z.ZodType {
  const { type } = schema.def;
  const isWrapper = type === 'default' || type === 'prefault' || type === 'optional' || type === 'nullable';
  return isWrapper ? unwrap((schema as z.ZodOptional<z.ZodType>).def.innerType) : schema;
}
