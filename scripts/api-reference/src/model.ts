import path from 'node:path'
import { pathToFileURL } from 'node:url'

import { Application, type DeclarationReflection, type ProjectReflection } from 'typedoc'

/** What TypeDoc cannot know of an option. */
export interface OptionFacts {
  readonly default: unknown
  readonly accepts: string
}

export type OptionFactsByName = Readonly<Record<string, OptionFacts>>

export interface Model {
  /** The exports of the main entry, and of `/nsqjs`. */
  readonly main: readonly DeclarationReflection[]
  readonly nsqjs: readonly DeclarationReflection[]
  readonly connectionOptions: OptionFactsByName
  readonly lookupOptions: OptionFactsByName
  /** Of every constructor. Where two have an option in common, it is the same but for the default of `closeTimeoutMs`. */
  readonly producerOptions: OptionFactsByName
  readonly consumerOptions: OptionFactsByName
  readonly poolOptions: OptionFactsByName
}

/** Reads the sources with TypeDoc, and the option tables from what was built of them. */
export async function readModel(client: string): Promise<Model> {
  const app = await Application.bootstrap({
    entryPoints: ['src/index.ts', 'src/nsqjs/index.ts'].map((file) => path.join(client, file)),
    tsconfig: path.join(client, 'tsconfig.json'),
    sort: ['source-order'],
    preservedTypeAnnotationTags: ['@throws'],
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    logLevel: 'Error',
  })
  const project = await app.convert()
  if (project === undefined || app.logger.hasErrors()) throw new Error('TypeDoc cannot read it')
  const table = async (file: string, name: string): Promise<OptionFactsByName> => {
    const built = path.join(client, 'dist/src', file)
    const module = (await import(pathToFileURL(built).href)) as Record<string, OptionFactsByName>
    return module[name]!
  }
  return {
    main: exportsOf(project, 'index'),
    nsqjs: exportsOf(project, 'nsqjs'),
    connectionOptions: await table('connection-options.js', 'connectionOptions'),
    lookupOptions: await table('consumer-options.js', 'lookupOptions'),
    producerOptions: await table('producer-options.js', 'producerOptions'),
    consumerOptions: await table('consumer-options.js', 'consumerOptions'),
    poolOptions: await table('producer-pool.js', 'poolOptions'),
  }
}

function exportsOf(project: ProjectReflection, name: string): readonly DeclarationReflection[] {
  const found = project.children?.find((module) => module.name === name)
  if (found?.children === undefined) {
    const names = project.children?.map((module) => module.name).join(', ')
    throw new Error(`no module ${name} among ${names}`)
  }
  return found.children.filter((one) => one.name !== 'default')
}
