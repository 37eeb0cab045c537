import Type, { type Static } from 'typebox';
import { addressableResourceOf } from './envelope.ts';
import { urnOf } from './urn-field.ts';

export const MssqlSchema = addressableResourceOf(
  'MSSQL',
  Type.Object({
    version: Type.Literal('2022'),
    edition: Type.Enum(['Developer', 'Express', 'Standard', 'Enterprise']),
    // SQL Server does not start with less than 2 GB of memory.
    instance: Type.Enum(['2x', '4x', '8x']),
    diskRef: urnOf('Disk'),
  }),
);
export type MssqlDocument = Static<typeof MssqlSchema>;
