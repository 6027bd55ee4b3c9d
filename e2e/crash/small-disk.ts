import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A file system of its own in memory. Only where this process may mount one. */
export class SmallDisk implements Disposable {
  readonly path: string

  private constructor(folder: string) {
    this.path = folder
  }

  /** Undefined where mounting is not permitted. */
  static mount(bytes: number): SmallDisk | undefined {
    const folder = mkdtempSync(path.join(tmpdir(), 'tsq-disk-'))
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], {
      stdio: 'ignore',
    })
    if (status === 0) return new SmallDisk(folder)
    rmSync(folder, { recursive: true })
    return undefined
  }

  makeReadOnly(): void {
    spawnSync('mount', ['-o', 'remount,ro', this.path], { stdio: 'ignore' })
  }

  [Symbol.dispose](): void {
    spawnSync('umount', [this.path], { stdio: 'ignore' })
    rmSync(this.path, { recursive: true, force: true })
  }
}
