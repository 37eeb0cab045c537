// Pod names are made to be read out: a plural noun and a verb it can do, as in "foxes-vanish".
// All words are lowercase letters only, so that every pair is a DNS label.

const NOUNS = `
acorns anchors apples arrows badgers bakers barges beacons beavers beetles bells birches bisons boats bridges
brooks camels candles canoes canyons carrots castles cedars cellos cherries clocks clouds clovers comets corals cranes
creeks crickets crows cubs daisies deer dolphins doves dragons drums ducks eagles echoes elms embers falcons ferns ferries
fiddles fields finches fjords flames flutes forests foxes frogs galaxies gardens geese geysers giraffes glaciers
goats grapes gulls hares harbors harps hawks hazels hedges herons hills hornets horses islands ivies jays kestrels kites
koalas ladders lakes lanterns larks leaves lemons lemurs lilies lions llamas lynxes magpies maples marmots meadows
melons meteors mills mirrors moons moths mountains mushrooms nettles newts nights oaks oceans olives orchids otters owls
oysters pandas parrots peaches pebbles pelicans penguins pianos pigeons pines planets plums ponies poplars puffins
quails quartets rabbits rafts rains ravens reefs rivers robins rockets roses sails salmons seals shadows shells ships
sparrows spiders squirrels stars stones storks storms streams swallows swans tables thistles tigers toads towers trains
trees trouts trumpets tulips turtles valleys violets violins voices walnuts waves whales willows winds wolves wrens zebras
`;

const VERBS = `
agree answer appear arrive ascend balance bloom blossom bounce bow breathe brighten bubble build burrow buzz call camp
carry carve celebrate chant chase chatter cheer chime chuckle circle clap climb coast collect cross crow curl dance dash
dawn decide descend dive double draw dream drift drum echo embark emerge enjoy enter escape explore fade fall fly float
flourish flow flutter fly follow gallop gather giggle glance gleam glide glimmer glitter glow grin grow hasten hatch
hike hop hover hum hurry improve invite jog join juggle jump kneel knit land laugh lead leap learn lift linger listen
march meander meet mingle mumble murmur nap nest nod observe orbit paddle paint pause perch play plunge ponder pounce
prance promise prosper race ramble reach reappear remember rest return rhyme ripple rise roam rumble run rush sail
sample saunter scamper scatter search settle shimmer shine shout sing skate skip sleep slide slumber smile snooze soar
sparkle spin splash sprint sprout stand stay stir stretch stroll surface surge sway sweep swim swing swirl tango teach
thrive tiptoe travel trot tumble turn twinkle twirl unfold vanish wait wake walk waltz wander wave whirl whisper whistle
wink wonder work yawn yodel zoom
`;

const nouns = wordsOf(NOUNS);
const verbs = wordsOf(VERBS);
const SUFFIX_LIMIT = 10_000;

/** How many names there are without a number. */
export const POD_NAME_COUNT = nouns.length * verbs.length;

/**
 * Makes a pod's name out of random whole numbers of at least 0, which the caller draws: one for the
 * noun, one for the verb, and, where the plain name is taken, one for a number after it
 * (`foxes-vanish`, `foxes-vanish-4711`).
 */
export function podName(noun: number, verb: number, suffix?: number): string {
  const plain = `${pick(nouns, noun)}-${pick(verbs, verb)}`;
  return suffix === undefined ? plain : `${plain}-${checked(suffix) % SUFFIX_LIMIT}`;
}

function wordsOf(text: string): string[] {
  return [...new Set(text.trim().split(/\s+/))];
}

function pick(words: readonly string[], random: number): string {
  const word = words[checked(random) % words.length];
  if (word === undefined) throw new Error('a word list is empty');
  return word;
}

function checked(random: number): number {
  if (!Number.isSafeInteger(random) || random < 0)
    throw new RangeError(`not a whole number of at least 0: ${random}`);
  return random;
}
