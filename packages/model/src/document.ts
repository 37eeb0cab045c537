import { checkApp } from './check-app.ts';
import { checkRoutes } from './check-route.ts';
import { placeOf } from './document-place.ts';
import { type Fault, invalid, isRecord, type Parsed, underPath } from './fault.ts';
import { isKind, KINDS_SENTENCE, type Kind, KINDS as RUNNING_KINDS, unknownKindMessage } from './kind.ts';
import { APP_RULES, type AppDocument, AppInputSchema, completeApp } from './kinds/app.ts';
import { CONFIG_RULES, type ConfigDocument, ConfigInputSchema } from './kinds/config.ts';
import { Envelope } from './kinds/envelope.ts';
import {
  completeRouteDocument,
  completeRouteInput,
  ROUTE_RULES,
  type RouteDocument,
  RouteDocumentSchema,
  type RouteInput,
  RouteInputSchema,
} from './kinds/route.ts';
import { duplicates, type Rule } from './kinds/rule.ts';
import { type Validator, validatorOf } from './validate.ts';

/** A resource as it is kept in a revision. */
export type ResourceDocument = AppDocument | ConfigDocument | RouteDocument;
/** A resource as a person sends it. */
export type ResourceInput = AppDocument | ConfigDocument | RouteInput;
export type { Fault, Parsed } from './fault.ts';
export type { Kind } from './kind.ts';

/** The kinds that run here. */
export const KINDS: readonly Kind[] = RUNNING_KINDS;

type KindParser<D> = (input: unknown) => Parsed<D>;

const parseApp = parserOf(validatorOf(AppInputSchema), APP_RULES, completeApp);
const parseConfig = parserOf(validatorOf(ConfigInputSchema), CONFIG_RULES, (config) => config);
const parseRouteInput = parserOf(validatorOf(RouteInputSchema), ROUTE_RULES, completeRouteInput);
const parseRouteDocument = parserOf(validatorOf(RouteDocumentSchema), ROUTE_RULES, completeRouteDocument);
const checkEnvelope = validatorOf(Envelope);

/**
 * Reads one resource as a person sends it: all faults at once, each with its path from the input's
 * root. Defaults are filled in; keys that the kind doesn't have are tolerated and dropped, so that what
 * is kept holds known fields only. The input is not changed.
 */
export function parseResourceInput(input: unknown): Parsed<ResourceInput> {
  return parseByKind<ResourceInput>(input, { App: parseApp, Config: parseConfig, Route: parseRouteInput });
}

/** As parseResourceInput, for a document that has all the platform assigns: a Route's hostname. */
export function parseResourceDocument(input: unknown): Parsed<ResourceDocument> {
  return parseByKind<ResourceDocument>(input, {
    App: parseApp,
    Config: parseConfig,
    Route: parseRouteDocument,
  });
}

/**
 * Checks the documents of one pod against each other: references resolve, and nothing exists twice.
 * A fault's path begins with the document's place, as in `App/web.spec.mounts[0].config`.
 */
export function checkPodDocuments(documents: readonly ResourceDocument[]): Fault[] {
  const apps = documents.filter((document) => document.kind === 'App');
  const configs = documents.filter((document) => document.kind === 'Config');
  const routes = documents.filter((document) => document.kind === 'Route');
  return [
    ...duplicateNames(documents),
    ...apps.flatMap((app) => underPath(placeOf(app), checkApp(app, { apps, configs, routes }))),
    ...checkRoutes(routes, apps),
  ];
}

function parseByKind<D>(input: unknown, parsers: Record<Kind, KindParser<D>>): Parsed<D> {
  if (!isRecord(input)) return invalid('Must be an object with apiVersion, kind, metadata and spec.');
  if (isKind(input.kind)) return parsers[input.kind](input);
  const envelope = checkEnvelope(input);
  const message = input.kind === undefined ? `Is missing. ${KINDS_SENTENCE}` : unknownKindMessage(input.kind);
  return { ok: false, faults: [{ path: 'kind', message }, ...(envelope.ok ? [] : envelope.faults)] };
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
