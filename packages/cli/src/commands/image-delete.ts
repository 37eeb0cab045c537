import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { deletedText } from './image-cleanup.ts';

export function registerImageDelete(image: Command, run: Runner): void {
  image
    .command('delete')
    .description('Delete an image by one of its tags, or by its digest with all of them')
    .argument('<repository>', 'its repository')
    .argument('<tag|digest>', 'a tag of it, or its digest')
    .action(
      run(async (context, repository: string, reference: string) => {
        const done = await context.client().images.delete(context.pod(), { repository, reference });
        return { json: done, text: (style) => deletedText(done, style) };
      }),
    );
}
