/** Work with pauses, in which other things may happen. Whoever does it decides when it goes on. */
export type Steps<T> = Generator<undefined, T>

/** Does all of it at once. */
export function doAll<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
