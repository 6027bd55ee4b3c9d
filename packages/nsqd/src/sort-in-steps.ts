import type { Steps } from './steps.ts'

/** So many numbers are sorted or merged between two pauses: well under a millisecond. */
const STEP = 8_192

/**
 * Sorts, with a pause after every few thousand numbers. Returns the numbers ascending: `numbers` itself, which is changed, or
 * another array.
 */
export function* sortInSteps(numbers: Float64Array): Steps<Float64Array> {
  const { length } = numbers
  for (let start = 0; start < length; start += STEP) {
    numbers.subarray(start, start + STEP).sort()
    yield
  }
  if (length <= STEP) return numbers
  let source = numbers
  let target: Float64Array = new Float64Array(length)
  for (let width = STEP; width < length; width *= 2) {
    for (let start = 0; start < length; start += width * 2) {
      yield* mergeInSteps(source, target, start, start + width, start + width * 2)
    }
    ;[source, target] = [target, source]
  }
  return source
}

/** Merges two ascending neighbours of `source`, from `start` to `middle` and from there to `end`, into the same place of `target`. */
function* mergeInSteps(
  source: Float64Array,
  target: Float64Array,
  start: number,
  middle: number,
  end: number,
): Steps<void> {
  const leftEnd = Math.min(middle, source.length)
  const rightEnd = Math.min(end, source.length)
  let left = start
  let right = leftEnd
  let at = start
  while (at < rightEnd) {
    const stop = Math.min(at + STEP, rightEnd)
    for (; at < stop; at++) {
      const takesLeft = left < leftEnd && (right >= rightEnd || source[left]! <= source[right]!)
      target[at] = takesLeft ? source[left++]! : source[right++]!
    }
    yield
  }
}
