import Type from 'typebox';
import { urnOf } from './urn-field.ts';

/** The fields of the databases that come in all sizes but the smallest. */
export function databaseSpec<const V extends string>(version: V) {
  return Type.Object({
    version: Type.Literal(version),
    instance: Type.Enum(['.5x', '1x', '2x', '4x', '8x']),
    diskRef: urnOf('Disk'),
  });
}
