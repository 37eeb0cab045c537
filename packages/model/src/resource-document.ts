import type { AppDocument } from './kinds/app.ts';
import type { ConfigDocument } from './kinds/config.ts';
import type { DatabaseDocument } from './kinds/database.ts';
import type { DiskDocument } from './kinds/disk.ts';
import type { RouteDocument, RouteInput } from './kinds/route.ts';

/** A resource as it is kept in a revision. */
export type ResourceDocument = AppDocument | ConfigDocument | RouteDocument | DatabaseDocument | DiskDocument;
/** A resource as a person sends it. */
export type ResourceInput = AppDocument | ConfigDocument | RouteInput | DatabaseDocument | DiskDocument;
