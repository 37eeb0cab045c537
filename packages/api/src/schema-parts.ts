import Type, { type TSchema } from 'typebox';

// What the shapes of answers are made of.

export const LinkSchema = Type.Object({ href: Type.String() });
export const Instant = Type.String({ format: 'date-time' });
export const Uuid = Type.String({ format: 'uuid' });

export function nullable<const S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
}

export const Text = nullable(Type.String());
