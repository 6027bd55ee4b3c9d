import { join } from 'node:path'
import {
  buildGoExchange,
  buildGoScenario,
  buildPython,
  buildPythonWithSnappy,
  installNsqjs,
  installNsqjsWithSnappy,
} from './build.ts'
import { interopFolder } from './folders.ts'

export type CommandLine = readonly [command: string, ...args: string[]]

/** Somebody else's client library, with our program that takes the scenario through it. */
export interface Client {
  readonly name: string
  readonly version: string
  /** Builds or installs what is needed and gives the command line to start with. */
  prepare(): Promise<CommandLine>
  /** The same for the program that exchanges messages by TLS and compression. */
  prepareExchange(wanted: { readonly isSnappy?: boolean }): Promise<CommandLine>
}

export const goNsq: Client = {
  name: 'go-nsq',
  version: '1.1.0',
  prepare: async () => [await buildGoScenario()],
  prepareExchange: async () => [await buildGoExchange()],
}

export const pynsq: Client = {
  name: 'pynsq',
  version: '0.9.1',
  prepare: async () => [await buildPython(), join(interopFolder, 'python', 'scenario.py')],
  prepareExchange: async ({ isSnappy }) => {
    const python = isSnappy === true ? await buildPythonWithSnappy() : await buildPython()
    return [python, join(interopFolder, 'python', 'exchange.py')]
  },
}

export const nsqjs: Client = {
  name: 'nsqjs',
  version: '0.13.0',
  prepare: async () => {
    await installNsqjs()
    return [process.execPath, join(interopFolder, 'nsqjs', 'scenario.js')]
  },
  prepareExchange: async ({ isSnappy }) => {
    await (isSnappy === true ? installNsqjsWithSnappy() : installNsqjs())
    return [process.execPath, join(interopFolder, 'nsqjs', 'exchange.js')]
  },
}
