import { checkApp } from './check-app.ts';
import { checkDisks } from './check-disks.ts';
import { checkHostNames } from './check-names.ts';
import { checkRoutes } from './check-route.ts';
import { placeOf } from './document-place.ts';
import { type Fault, invalid, isRecord, type Parsed, underPath } from './fault.ts';
import { isKind, type Kind, unknownKindMessage } from './kind.ts';
import { APP_RULES, AppInputSchema, completeApp } from './kinds/app.ts';
import { CONFIG_RULES, ConfigInputSchema } from './kinds/config.ts';
import { completeDisk, DiskInputSchema } from './kinds/disk.ts';
import { Envelope } from './kinds/envelope.ts';
import { MariaDbSchema } from './kinds/mariadb.ts';
import { MssqlSchema } from './kinds/mssql.ts';
import { PostgresSchema } from './kinds/postgres.ts';
import {
  completeRouteDocument,
  completeRouteInput,
  ROUTE_RULES,
  RouteDocumentSchema,
  RouteInputSchema,
} from './kinds/route.ts';
import { duplicates, type Rule } from './kinds/rule.ts';
import { ValkeySchema } from './kinds/valkey.ts';
import { podDocuments } from './pod-documents.ts';
import type { ResourceDocument, ResourceInput } from './resource-document.ts';
import { type Validator, validatorOf } from './validate.ts';

export type { Fault, Parsed } from './fault.ts';
export type { Kind } from './kind.ts';
export type { ResourceDocument, ResourceInput } from './resource-document.ts';

type KindParser<D> = (input: unknown) => Parsed<D>;

const parseRouteInput = parserOf(validatorOf(RouteInputSchema), ROUTE_RULES, completeRouteInput);
const parseRouteDocument = parserOf(validatorOf(RouteDocumentSchema), ROUTE_RULES, completeRouteDocument);
const checkEnvelope = validatorOf(Envelope);

const PARSERS = {
  App: parserOf(validatorOf(AppInputSchema), APP_RULES, completeApp),
  Config: parserOf(validatorOf(ConfigInputSchema), CONFIG_RULES, asItIs),
  Postgres: parserOf(validatorOf(PostgresSchema), [], asItIs),
  MariaDB: parserOf(validatorOf(MariaDbSchema), [], asItIs),
  Valkey: parserOf(validatorOf(ValkeySchema), [], asItIs),
  Disk: parserOf(validatorOf(DiskInputSchema), [], completeDisk),
  MSSQL: parserOf(validatorOf(MssqlSchema), [], asItIs),
};

/**
 * Reads one resource as a person sends it: all faults at once, each with its path from the input's
 * root. Defaults are filled in; keys that the kind doesn't have are tolerated and dropped, so that what
 * is kept holds known fields only. The input is not changed.
 */
export function parseResourceInput(input: unknown): Parsed<ResourceInput> {
  return parseByKind<ResourceInput>(input, { ...PARSERS, Route: parseRouteInput });
}

/** As parseResourceInput, for a document that has all the platform assigns: a Route's hostname. */
export function parseResourceDocument(input: unknown): Parsed<ResourceDocument> {
  return parseByKind<ResourceDocument>(input, { ...PARSERS, Route: parseRouteDocument });
}

/**
 * Checks the documents of one pod against each other: references resolve, and nothing exists twice.
 * A fault's path begins with the document's place, as in `App/web.spec.mounts[0].config`.
 */
export function checkPodDocuments(documents: readonly ResourceDocument[]): Fault[] {
  const pod = podDocuments(documents);
  return [
    ...duplicateNames(documents),
    ...checkHostNames(pod),
    ...pod.apps.flatMap((app) => underPath(placeOf(app), checkApp(app, pod))),
    ...checkRoutes(pod.routes, pod.apps),
    ...checkDisks(pod),
  ];
}

function asItIs<D>(document: D): D {
  return document;
}

function parseByKind<D>(input: unknown, parsers: Record<Kind, KindParser<D>>): Parsed<D> {
  if (!isRecord(input)) return invalid('Must be an object with apiVersion, kind, metadata and spec.');
  if (isKind(input.kind)) return parsers[input.kind](input);
  const envelope = checkEnvelope(input);
  const fault = { path: 'kind', message: unknownKindMessage(input.kind) };
  return { ok: false, faults: [fault, ...(envelope.ok ? [] : envelope.faults)] };
}

function parserOf<I, D>(
  validate: Validator<I>,
  rules: readonly Rule<I>[],
  complete: (input: I) => D,
): KindParser<D> {
  return (input) => {
    const parsed = validate(input);
    const shapeFaults = parsed.ok ? [] : parsed.faults;
    // The parse boundary: a rule reads only places that the schema has found to be in order. It reads the
    // input, because cleaning has chosen between the forms of a union already.
    const document = input as I;
    const ruleFaults = rules
      .filter((rule) => rule.reads.every((place) => !shapeFaults.some((fault) => touches(fault.path, place))))
      .flatMap((rule) => rule.check(document));
    const faults = [...shapeFaults, ...ruleFaults];
    if (faults.length > 0 || !parsed.ok) return { ok: false, faults };
    return { ok: true, value: complete(parsed.value) };
  };
}

/** Whether a fault lies at, within or around a place. */
function touches(path: string, place: string): boolean {
  return isWithin(path, place) || isWithin(place, path);
}

function isWithin(path: string, place: string): boolean {
  return place === '' || path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`);
}

function duplicateNames(documents: readonly ResourceDocument[]): Fault[] {
  const places = documents.map(placeOf);
  return duplicates(
    places,
    (index) => `${places[index]}.metadata.name`,
    () => 'Is the name of another resource of the same kind in this pod.',
  );
}
