/** No quantile is further from an exact one than this part of it. */
export const RELATIVE_ERROR = 0.01;

const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GROWTH = Math.log(GROWTH);
/** What takes no longer is all one to us. */
const SHORTEST_MS = 0.001;

const CONTINUES = 0x80;
const SEVEN_BITS = 0x7f;

/**
 * How long many things took, in little space: counts in buckets of which each reaches 2 % further than the one before.
 * Sketches of parts can be merged into exactly that of the whole, so quantiles over any range are as right as over one part.
 */
export class DurationSketch {
  readonly #counts = new Map<number, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** Takes in one duration, in milliseconds. */
  add(durationMs: number): void {
    const bucket = durationMs > SHORTEST_MS ? Math.ceil(Math.log(durationMs / SHORTEST_MS) / LOG_GROWTH) : 0;
    this.#count(bucket, 1);
  }

  /** Takes in all that another has. */
  merge(other: DurationSketch): void {
    for (const [bucket, count] of other.#counts) this.#count(bucket, count);
  }

  /** What a part of all durations is not above: 0.99 for p99. In milliseconds; null where there is none. */
  quantile(part: number): number | null {
    if (this.#total === 0) return null;
    const rank = Math.max(1, Math.ceil(part * this.#total));
    let seen = 0;
    let value = 0;
    for (const [bucket, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      value = middleOf(bucket);
      seen += count;
      if (seen >= rank) break;
    }
    return value;
  }

  /** Pairs of numbers, each in as many bytes as it needs: how far to the next bucket, and what it counts. */
  encode(): Uint8Array {
    const bytes: number[] = [];
    let before = 0;
    for (const [bucket, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      pushNumber(bytes, bucket - before);
      pushNumber(bytes, count);
      before = bucket;
    }
    return Uint8Array.from(bytes);
  }

  /** The sketch that `encode` wrote. */
  static decode(bytes: Uint8Array): DurationSketch {
    const sketch = new DurationSketch();
    const numbers = numbersIn(bytes);
    let bucket = 0;
    for (let index = 0; index + 1 < numbers.length; index += 2) {
      bucket += numbers[index] ?? 0;
      sketch.#count(bucket, numbers[index + 1] ?? 0);
    }
    return sketch;
  }

  #count(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#total += count;
  }
}

/** The value that is equally far, in proportion, from both ends of a bucket. */
function middleOf(bucket: number): number {
  return bucket === 0 ? SHORTEST_MS : (2 * SHORTEST_MS * GROWTH ** bucket) / (GROWTH + 1);
}

function pushNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest > SEVEN_BITS) {
    bytes.push((rest % CONTINUES) + CONTINUES);
    rest = Math.floor(rest / CONTINUES);
  }
  bytes.push(rest);
}

function numbersIn(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += (byte % CONTINUES) * factor;
    factor *= CONTINUES;
    if (byte >= CONTINUES) continue;
    numbers.push(value);
    value = 0;
    factor = 1;
  }
  return numbers;
}
