import { resolve } from 'node:path'

// This file runs from dist/.
export const interopFolder = resolve(import.meta.dirname, '..')
export const repositoryFolder = resolve(interopFolder, '..')
export const cacheFolder = resolve(
  process.env['TSQ_INTEROP_CACHE'] ?? resolve(interopFolder, '.cache'),
)
