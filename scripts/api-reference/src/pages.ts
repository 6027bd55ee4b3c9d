// Which export stands on which page.

import type { DeclarationReflection } from 'typedoc'

import type { Model, OptionFactsByName } from './model.ts'
import { Renderer } from './renderer.ts'

interface PageText {
  readonly title: string
  readonly intro: string
}

/** By the `@category` of the exports. */
const PAGES: Readonly<Record<string, PageText>> = {
  Producer: {
    title: 'Publishing',
    intro: 'Tasks are in the guide [Publish](../../guides/client-publish.md).',
  },
  Consumer: {
    title: 'Consuming',
    intro:
      'Tasks are in the guides [Consume](../../guides/client-consume.md) and [Retry and back-off](../../guides/client-retry.md).',
  },
  Message: { title: 'Messages', intro: 'What handlers and `for await` get.' },
  Errors: {
    title: 'Errors',
    intro:
      'What is thrown, rejected with or emitted. Match on `code`: it is stable, texts are not. `retryable` says whether the same call may succeed later.',
  },
}

const HEAD = '<!-- Written by npm run docs from the docstrings in packages/client/src. -->'

/** File name to text, in Markdown. */
export function pagesOf(model: Model): Map<string, string> {
  const files = new Map<string, string>()
  for (const one of model.main)
    files.set(one.name, `${fileOf(categoryOf(one))}#${one.name.toLowerCase()}`)
  const options = new Set(Object.keys(model.connectionOptions))
  const renderer = new Renderer({
    linkTo: (name) => files.get(name),
    factsOf: (name) => factsOf(model, name),
    isElsewhere: (owner, option) => owner.endsWith('Options') && options.has(option),
  })
  const pages = new Map<string, string>()
  for (const [category, { title, intro }] of Object.entries(PAGES)) {
    const members = model.main.filter((one) => categoryOf(one) === category)
    const texts = members.toSorted(classesFirst).map((one) => renderer.export(one))
    pages.set(fileOf(category), joined(`# @tsq/client: ${title}`, intro, ...texts))
  }
  const producerOptions = model.main.find(({ name }) => name === 'ProducerOptions')!
  pages.set(
    'options.md',
    joined(
      '# @tsq/client: options of every connection',
      'Producers, pools and consumers take these beside their own. Names end in their unit.',
      renderer.connectionOptions(producerOptions, options),
    ),
  )
  pages.set(
    'nsqjs.md',
    joined(
      '# @tsq/client/nsqjs',
      'What nsqjs exports, for programs written for it. Differences are in [From nsqjs](../../guides/client-from-nsqjs.md).',
      ...model.nsqjs.toSorted(classesFirst).map((one) => renderer.export(one)),
    ),
  )
  pages.set('README.md', index(model))
  return pages
}

function index(model: Model): string {
  const lines = Object.entries(PAGES).map(([category, { title }]) => {
    const members = model.main.filter((one) => categoryOf(one) === category)
    const names = members.toSorted(classesFirst).map(({ name }) => {
      return `[${name}](${fileOf(category)}#${name.toLowerCase()})`
    })
    return `- **[${title}](${fileOf(category)})**: ${names.join(', ')}`
  })
  return joined(
    '# @tsq/client: API reference',
    [
      ...lines,
      '- **[Options of every connection](options.md)**',
      '- **[@tsq/client/nsqjs](nsqjs.md)**: Reader and Writer, as nsqjs has them',
    ].join('\n'),
  )
}

function joined(...texts: readonly string[]): string {
  return `${[HEAD, ...texts].join('\n\n')}\n`
}

function fileOf(category: string): string {
  return `${category.toLowerCase()}.md`
}

function categoryOf(one: DeclarationReflection): string {
  const comment = one.comment ?? one.signatures?.[0]?.comment
  const tag = comment?.blockTags.find(({ tag: name }) => name === '@category')
  const category =
    tag?.content
      .map(({ text }) => text)
      .join('')
      .trim() ?? ''
  if (PAGES[category] === undefined) {
    throw new Error(`${one.name} has no @category of ${Object.keys(PAGES).join(', ')}`)
  }
  return category
}

/** Classes, then the rest, each in the order of the sources. */
function classesFirst(a: DeclarationReflection, b: DeclarationReflection): number {
  return rank(a) - rank(b)
}

function rank(one: DeclarationReflection): number {
  if (one.name.endsWith('Options')) return 1
  return one.children?.some(({ signatures }) => signatures !== undefined) ? 0 : 2
}

function factsOf(model: Model, owner: string): OptionFactsByName {
  if (owner === 'ProducerOptions') return model.producerOptions
  if (owner === 'ProducerPoolOptions') {
    return { ...model.producerOptions, ...model.lookupOptions, ...model.poolOptions }
  }
  return owner === 'ConsumerOptions' ? model.consumerOptions : {}
}
