import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A new empty folder, removed with all that is in it when it goes out of scope. */
export class TempFolder implements Disposable {
  readonly path: string

  /** @param what the beginning of its name, for whoever finds one left behind by a kill */
  constructor(what: string) {
    this.path = mkdtempSync(path.join(tmpdir(), `tsq-${what}-`))
  }

  /** The path of something in it. */
  at(...parts: readonly string[]): string {
    return path.join(this.path, ...parts)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
