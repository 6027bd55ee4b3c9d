/**
 * Whether a message is among the share that is sent. It goes by the id alone: a message that comes again is judged as it
 * was the first time.
 *
 * @param share from 0 to 1.
 */
export function isSampled(id: string, share: number): boolean {
  return share >= 1 || hash(id) < share
}

/** From 0 up to, not including, 1: FNV-1a, its bits mixed once more since ids differ in their last digits mostly. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32
}
