import { ApiError } from '@brainpod/model/errors';

/** How long a request may take until its answer. Once it is over, nothing that was done is kept any more. */
export class Deadline {
  readonly #over: Promise<never>;
  #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(timeoutMs: number) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#over = promise;
    // Nobody waits for it between two steps of a request; the next step hears of it.
    promise.catch(() => undefined);
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      reject(tookTooLong(timeoutMs));
    }, timeoutMs);
  }

  /** What the work comes to, or REQUEST_TIMEOUT (ApiError) when time is over before. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over]);
  }

  /**
   * Right before what was done is kept: from here on time does not run out. REQUEST_TIMEOUT (ApiError) when it has,
   * so that nobody who was told so finds it done afterwards.
   */
  async seal(): Promise<void> {
    if (this.#isOver) await this.#over;
    this.end();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function tookTooLong(timeoutMs: number): ApiError {
  return new ApiError(
    'REQUEST_TIMEOUT',
    `This took longer than ${timeoutMs / 1000} seconds and was given up; nothing of it was kept. Try again in a moment.`,
  );
}
