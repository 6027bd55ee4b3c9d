// One export as Markdown: what it is for, then its members, each with its signature as a heading.

import {
  type Comment,
  type CommentDisplayPart,
  type DeclarationReflection,
  type ParameterReflection,
  ReflectionKind,
  type SignatureReflection,
  type SomeType,
} from 'typedoc'

import type { OptionFactsByName } from './model.ts'

/** Begins the last line of a docstring. */
const SOURCE = 'Source: '

export interface RendererSettings {
  /** Where an export is described. */
  linkTo(name: string): string | undefined
  /** Defaults and accepted values of an options type. */
  factsOf(owner: string): OptionFactsByName
  /** Whether an option is described on another page. */
  isElsewhere(owner: string, option: string): boolean
}

export class Renderer {
  readonly #settings: RendererSettings

  constructor(settings: RendererSettings) {
    this.#settings = settings
  }

  export(one: DeclarationReflection): string {
    const parts = [`## ${one.name}`]
    if (one.signatures !== undefined) parts.push(this.#callable(one.name, one.signatures[0]!))
    else parts.push(...this.#body(one))
    return parts.filter((part) => part !== '').join('\n\n')
  }

  /** The options that {@link RendererSettings.isElsewhere} keeps off the other pages. */
  connectionOptions(owner: DeclarationReflection, names: ReadonlySet<string>): string {
    const members = (owner.children ?? []).filter(({ name }) => names.has(name))
    return this.#optionTable(members, this.#settings.factsOf(owner.name))
  }

  #body(one: DeclarationReflection): string[] {
    const members = (one.children ?? []).filter((member) => !isInherited(member))
    const parts = [this.#comment(one.comment)]
    if (one.extendedTypes !== undefined && one.kind === ReflectionKind.Class) {
      const parents = one.extendedTypes.map((type) => this.#type(type)).join(', ')
      parts.unshift(`_Extends ${parents}._`)
    }
    if (members.length === 0) {
      if (one.type !== undefined) parts.push(codeBlock(`type ${one.name} = ${printed(one.type)}`))
      return parts
    }
    if (one.name.endsWith('Options') && Object.keys(this.#settings.factsOf(one.name)).length > 0) {
      const own = members.filter(({ name }) => !this.#settings.isElsewhere(one.name, name))
      parts.push(this.#optionTable(own, this.#settings.factsOf(one.name)))
      parts.push('And every [option of a connection](options.md).')
      return parts
    }
    const callables = members.filter(({ signatures }) => signatures !== undefined)
    const values = members.filter(({ signatures }) => signatures === undefined)
    if (one.name.endsWith('Events')) parts.push(this.#eventTable(values))
    else if (values.length > 0) parts.push(this.#propertyTable(values))
    for (const member of callables) {
      const isNew = member.kind === ReflectionKind.Constructor
      const name = isNew ? `new ${one.name}` : member.name
      parts.push(`### ${name.replaceAll(/[[\]]/g, '')}`)
      parts.push(this.#callable(name, member.signatures![0]!))
    }
    return parts
  }

  #callable(name: string, signature: SignatureReflection): string {
    const parameters = signature.parameters ?? []
    const written = parameters.map((one) => `${one.name}${mark(one)}: ${printed(one.type)}`)
    const returns = name.startsWith('new ') ? '' : `: ${printed(signature.type)}`
    const oneLine = `${name}(${written.join(', ')})${returns}`
    const code =
      oneLine.length <= 100 ? oneLine : `${name}(\n  ${written.join(',\n  ')},\n)${returns}`
    const described = parameters
      .filter((one) => one.comment !== undefined)
      .map((one) => `- \`${one.name}\`: ${this.#inline(one.comment?.summary)}`)
    const parts = [codeBlock(code), this.#comment(signature.comment), described.join('\n')]
    parts.push(this.#throws(signature.comment), this.#source(signature.comment))
    return parts.filter((part) => part !== '').join('\n\n')
  }

  /** The line `Source: …`, which a docstring ends with: it belongs to whatever tag stands before it. */
  #source(comment: Comment | undefined): string {
    const texts = [comment?.summary, ...(comment?.blockTags.map(({ content }) => content) ?? [])]
    const [, source] = texts
      .map((parts) => this.#inline(parts))
      .join(' ')
      .split(SOURCE)
    return source === undefined ? '' : `_Source: ${source.trim()}_`
  }

  #throws(comment: Comment | undefined): string {
    const tags = comment?.blockTags.filter(({ tag }) => tag === '@throws') ?? []
    const lines = tags.map((tag) => {
      const names = (tag.typeAnnotation ?? '').replaceAll(/[{}\s]/g, '').split('|')
      const links = names.filter((name) => name !== '').map((name) => this.#name(name))
      const [when = ''] = this.#inline(tag.content).split(SOURCE)
      return `- Throws ${[links.join(', '), when].filter((part) => part !== '').join(': ')}`
    })
    return lines.join('\n')
  }

  #optionTable(members: readonly DeclarationReflection[], facts: OptionFactsByName): string {
    const rows = members.map((member) => {
      const fact = facts[member.name]
      const needed = member.flags.isOptional ? '' : ' (needed)'
      const accepts = fact === undefined ? this.#type(member.type) : grouped(fact.accepts)
      const otherwise = fact === undefined ? '' : shown(fact.default)
      const text = this.#inline(member.comment?.summary)
      return [`\`${member.name}\`${needed}`, text, accepts, otherwise]
    })
    return table(['option', '', 'accepts', 'default'], rows)
  }

  #eventTable(members: readonly DeclarationReflection[]): string {
    const rows = members.map((member) => {
      const listener = printed(member.type).replace(/^\[|\]$/g, '')
      return [`\`${member.name}\``, `\`(${listener})\``, this.#inline(member.comment?.summary)]
    })
    return table(['event', 'listener gets', 'when'], rows)
  }

  #propertyTable(members: readonly DeclarationReflection[]): string {
    const rows = members.map((member) => {
      const type = member.type ?? member.getSignature?.type
      const comment = member.comment ?? member.getSignature?.comment
      const name = member.flags.isStatic ? `static ${member.name}` : member.name
      return [`\`${name}\``, this.#type(type), this.#inline(comment?.summary)]
    })
    return table(['', 'type', ''], rows)
  }

  /** A type with links where it is one of ours, as code where it is not. */
  #type(type: SomeType | undefined): string {
    const text = printed(type)
    const [name = '', ...others] = text.split(' | ')
    if (this.#settings.linkTo(name) === undefined) return `\`${text}\``
    return [this.#name(name), ...others.map((other) => `\`${other}\``)].join(' or ')
  }

  #name(name: string): string {
    // `Producer.publish` stands where Producer does.
    const target = this.#settings.linkTo(name.split('.')[0]!)
    return target === undefined ? `\`${name}\`` : `[\`${name}\`](${target})`
  }

  #comment(comment: Comment | undefined): string {
    return this.#parts(comment?.summary).split(SOURCE)[0]!.trim()
  }

  #inline(parts: readonly CommentDisplayPart[] | undefined): string {
    return this.#parts(parts).replaceAll(/\s+/g, ' ')
  }

  #parts(parts: readonly CommentDisplayPart[] | undefined): string {
    const texts = (parts ?? []).map((part) => {
      if (part.kind !== 'inline-tag') return part.text
      return this.#name(part.text)
    })
    return texts.join('').trim()
  }
}

function isInherited(member: DeclarationReflection): boolean {
  // Every error says its class in `name`.
  const isName = member.name === 'name' && member.overwrites !== undefined
  return member.inheritedFrom !== undefined || isName
}

function mark(parameter: ParameterReflection): string {
  return parameter.flags.isOptional || parameter.defaultValue !== undefined ? '?' : ''
}

function printed(type: SomeType | undefined): string {
  return (type?.toString() ?? 'void').replaceAll('readonly readonly ', 'readonly ')
}

function shown(value: unknown): string {
  if (typeof value === 'number') return `\`${value.toLocaleString('en')}\``
  const isShown = typeof value === 'boolean' || (typeof value === 'string' && value !== '')
  return isShown ? `\`${value}\`` : ''
}

/** Digits in groups of three. */
function grouped(text: string): string {
  return text.replaceAll(/\d{4,}/g, (digits) => Number(digits).toLocaleString('en'))
}

function codeBlock(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\``
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map((cells) => row(cells))].join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
