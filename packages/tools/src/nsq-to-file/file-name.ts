// What a topic's files are called.

import os from 'node:os'

import { FatalError } from '../common/fatal-error.ts'
import { EXTENSIONS } from './compression.ts'
import { compressionOf, type NsqToFileOptions } from './options.ts'
import { strftime } from './strftime.ts'

const REV = '<REV>'

/** The names of one topic's files. `<DATETIME>` is that of the moment, `<REV>` is told apart by a number. */
export class FileNames {
  /** With only `<DATETIME>` and `<REV>` left to fill in. */
  readonly #format: string
  readonly #datetimeFormat: string
  #second = -1
  #current = ''

  /** @throws {FatalError} when files could not be told apart. */
  constructor(topic: string, options: NsqToFileOptions, hostname = os.hostname()) {
    let format = options.filenameFormat
    if (needsRevision(options)) {
      if (!format.includes(REV)) {
        const when = 'when gzip, rotation, or work dir enabled'
        throw new FatalError(`missing <REV> in --filename-format ${when}`)
      }
    } else {
      format = format.replaceAll(REV, '')
    }
    if (leavesFolder(format, topic)) throw new FatalError(`topic ${topic} can't name a folder`)
    // Functions, because $ in what is filled in means nothing.
    format = format
      .replaceAll('<TOPIC>', () => topic)
      .replaceAll('<HOST>', () => hostIdentifier(options.hostIdentifier, hostname))
      .replaceAll('<PID>', String(process.pid))
    const extension = EXTENSIONS[compressionOf(options)]
    this.#format = format.endsWith(extension) ? format : `${format}${extension}`
    this.#datetimeFormat = options.datetimeFormat
  }

  /** The name at a time, its `<REV>` not filled in. Asked for every message, so it is made once a second. */
  at(nowMs: number): string {
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.#second) {
      this.#second = second
      const datetime = strftime(this.#datetimeFormat, new Date(nowMs))
      this.#current = this.#format.replaceAll('<DATETIME>', () => datetime)
    }
    return this.#current
  }
}

/** Fills in `<REV>`: `-000000`, `-000001` … */
export function withRevision(name: string, revision: number): string {
  return name.replaceAll(REV, `-${String(revision).padStart(6, '0')}`)
}

/** Whether one name may be needed for several files. */
export function needsRevision(options: NsqToFileOptions): boolean {
  return (
    compressionOf(options) !== 'none' ||
    options.rotateSize > 0 ||
    options.rotateIntervalMs > 0 ||
    workDirOf(options) !== options.outputDir
  )
}

export function workDirOf({ workDir, outputDir }: NsqToFileOptions): string {
  return workDir === '' ? outputDir : workDir
}

/** Whether a topic called `..` would make of `<TOPIC>/…` a file outside of the folder. */
function leavesFolder(format: string, topic: string): boolean {
  const parts = format.split('/').filter((part) => part.includes('<TOPIC>'))
  return parts.some((part) => /^\.\.?$/.test(part.replaceAll('<TOPIC>', () => topic)))
}

function hostIdentifier(identifier: string, hostname: string): string {
  const shortName = hostname.split('.')[0] ?? hostname
  if (identifier === '') return shortName
  return identifier
    .replaceAll('<SHORT_HOST>', () => shortName)
    .replaceAll('<HOSTNAME>', () => hostname)
}
