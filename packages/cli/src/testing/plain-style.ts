import { styleFor } from '../text/style.ts';

/** Text as it is written where nobody wants colours. */
export const style = styleFor({ isTTY: false }, {});
