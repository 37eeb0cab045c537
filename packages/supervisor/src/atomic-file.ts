import { open, rename } from 'node:fs/promises';

let counter = 0;

/** Replaces a file whole: written beside it, flushed to disk, then renamed over it. */
export async function writeFileAtomically(file: string, text: string, mode: number): Promise<void> {
  counter += 1;
  const temporary = `${file}.${process.pid}.${counter}`;
  const handle = await open(temporary, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
