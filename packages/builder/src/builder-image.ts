/** BuildKit's image in our own registry, under a name that no pod has. */
export const BUILDER_REPOSITORY = 'brainpod/builder';
/** Another one where what a builder is started with needs another image: nodes keep what they have under a tag. */
export const BUILDER_TAG = 'buildkit-0.34-1';
