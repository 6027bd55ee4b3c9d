// Writes docs/reference from the option tables: npm run docs. With --check it only says whether that would change anything.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { referenceMarkdown } from '@tsq/daemon'
import { clientKeys } from '@tsq/tools'
import { CLIENT_OPTION_FLAGS, type Page, pages as commands } from 'tsq/manual'

const folder = path.resolve(import.meta.dirname, '../../docs/reference')

const pages = commands.map((page) => ({
  file: `${page.command.replaceAll(' ', '-')}.md`,
  text: textOf(page),
}))

function textOf(page: Page): string {
  const { command, alias, summary, synopsis, table, hasConfig = false, notes = [] } = page
  const also = alias === undefined ? '' : ` Also \`${alias}\`.`
  const parts = [
    `# ${command}`,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.${also}`,
    `\`\`\`\n${synopsis}\n\`\`\``,
    ...notes,
  ]
  const tables = referenceMarkdown(table, hasConfig).trim()
  if (tables !== '') parts.push('## Flags', introductionOf(hasConfig), tables)
  const flags = Object.values(table).map(({ flag }) => flag)
  if (flags.some((flag) => CLIENT_OPTION_FLAGS.includes(flag))) parts.push(clientOptionText())
  return `${parts.join('\n\n')}\n`
}

function introductionOf(hasConfig: boolean): string {
  const flags = 'Flags are written `--name=value` or `-name value`'
  if (!hasConfig) return `${flags}, one that is on or off \`--name\` or \`--name=false\`.`
  return `${flags}; the keys stand in the TOML file that \`--config\` names. A flag wins over the file, the file over the default.`
}

/** The names `--consumer-opt` and `--producer-opt` know. */
function clientOptionText(): string {
  const rows = Object.entries(clientKeys).map(
    ([key, { doc }]) => `| \`${key}\` | ${doc.replaceAll('|', String.raw`\|`)} |`,
  )
  return [
    '## Client options',
    '`--consumer-opt` and `--producer-opt` take `key,value`, once for each key. `-` in a key is read as `_`; a key without a value ' +
      'means `true`; durations need a unit. The default stands in parentheses. What only consumers know has no effect on a producer.',
    ['| key | meaning |', '|---|---|', ...rows].join('\n'),
  ].join('\n\n')
}

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
