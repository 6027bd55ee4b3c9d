import { join } from 'node:path'
import { buildGoScenario, buildPython, installNsqjs } from './build.ts'
import { interopFolder } from './folders.ts'

/** Somebody else's client library, with our program that takes the scenario through it. */
export interface Client {
  readonly name: string
  readonly version: string
  /** Builds or installs what is needed and gives the command line to start with. */
  prepare(): Promise<readonly [command: string, ...args: string[]]>
}

export const goNsq: Client = {
  name: 'go-nsq',
  version: '1.1.0',
  prepare: async () => [await buildGoScenario()],
}

export const pynsq: Client = {
  name: 'pynsq',
  version: '0.9.1',
  prepare: async () => [await buildPython(), join(interopFolder, 'python', 'scenario.py')],
}

export const nsqjs: Client = {
  name: 'nsqjs',
  version: '0.13.0',
  prepare: async () => {
    await installNsqjs()
    return [process.execPath, join(interopFolder, 'nsqjs', 'scenario.js')]
  },
}
