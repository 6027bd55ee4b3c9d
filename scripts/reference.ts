// Writes docs/reference from the option tables: npm run docs. With --check it only says whether that would change anything.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { referenceMarkdown } from '@tsq/daemon'
import { nsqdOptions } from '@tsq/nsqd'

const folder = path.resolve(import.meta.dirname, '../../docs/reference')

const pages = [
  {
    file: 'nsqd.md',
    text: [
      '# nsqd: flags and configuration keys',
      '',
      'Flags are written `--name=value` or `-name value`; the keys stand in the TOML file that `--config` names. A flag wins',
      'over the file, the file over the default.',
      '',
      referenceMarkdown(nsqdOptions).trim(),
      '',
    ].join('\n'),
  },
]

const isCheck = process.argv.includes('--check')
for (const { file, text } of pages) {
  const target = path.join(folder, file)
  if (isCheck) {
    if (normalize(read(target)) !== normalize(text)) {
      process.stderr.write(
        `docs/reference/${file} is not what the options say; run "npm run docs"\n`,
      )
      process.exitCode = 1
    }
    continue
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(target, text)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Tables are laid out by the formatter; only their words count. */
function normalize(text: string): string {
  return text.replace(/[\s|\\-]+/g, ' ')
}
