/** node tools/walls-table/main.ts: brings docs/reference/walls.md up to date. */
import { writeWallsPage } from './check.ts';

await writeWallsPage();
